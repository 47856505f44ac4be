import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '../../support/cluster.js';
import { Ledger } from '../ledger.js';
import { Load } from '../load.js';
import { Random } from '../random.js';
import type { Sabotage } from '../sabotage.js';
import { Tally, type Outcome } from '../scenario.js';
import type { Fault, Scene } from './catalogue.js';
import { auditLog, putAside, settle, type Replay } from './cluster-audit.js';
import { eventsOf } from './cluster-events.js';
import { untilNormal } from './normal.js';
import { Regulars } from './regulars.js';
import type { Stage } from './stage.js';

/** Milliseconds within which everything has to be normal again. */
const BACK_WITHIN = 30_000;

/** Events a second. */
const RATE = 60;

/** Milliseconds of load before the first fault. */
const UNDER_WAY = 1_500;

export interface RunOptions {
  /** Tells the runs on one stage apart. */
  readonly name: string;
  readonly stage: Stage;
  readonly faults: readonly Fault[];
  readonly seed: number;
  /** What read models are held against; default: they are not. */
  readonly replay?: Replay;
  /** Told of each fault as it is over. */
  readonly told?: (line: string) => void;
  /** Milliseconds after which it is given up that something comes back. */
  readonly givenUp?: number;
  /** The log is held against what was sent although something has not come back: for what is doubled, nothing ever is. */
  readonly auditAnyway?: boolean;
}

/** One fault after the other under load, each until everything is normal again; then everything is held against what was sent. */
export async function clusterRun({ name, stage, faults, seed, ...options }: RunOptions): Promise<Outcome> {
  const tally = new Tally(name);
  const random = new Random(seed);
  const ledger = new Ledger();
  const run = `${name.replaceAll(/[^a-z]+/g, '-')}-${seed}`;
  const load = new Load(ledger, random, { rate: RATE, connections: 4, eventOf: eventsOf(run) });
  const scene = { stage, ledger, load, random };
  const from = await stage.cluster.head();
  const regulars = await Regulars.of(stage, ledger, run);
  regulars.begin(stage.places.api, random);
  const running = load.run(stage.gateways);
  // A fault that comes before anything is under way meets nothing.
  await pause(UNDER_WAY);
  let normal = true;
  try {
    for (const fault of faults) {
      normal = await strike(fault, scene, tally, { run, ...options });
      for (const wrong of regulars.wrong) tally.fail(`${fault.name}: ${wrong}`);
      regulars.wrong.clear();
      if (!normal) break;
    }
  } finally {
    load.stop();
    await running;
    await regulars.end();
  }
  tally.notes.push(`seed ${seed}`, `answers about regulars: ${counted(regulars.answers)}`);
  // What stands still would keep the audit waiting as well.
  if (!normal && options.auditAnyway !== true) return tally.outcome();
  await settle(stage, ledger);
  const audit = { ...(await auditLog(stage, ledger, from)), drift: 0 };
  const findings = [...audit.findings];
  const drift = (await options.replay?.drift(stage, findings)) ?? 0;
  tally.add({ ...audit, drift, findings }, 'fresh', 'at the end');
  for (const found of await putAside(stage)) tally.fail(found);
  for (const place of stage.all) for (const end of place.fallen.splice(0)) tally.notes.push(end);
  return tally.outcome();
}

async function strike(
  fault: Fault,
  scene: Scene,
  tally: Tally,
  { run, told, givenUp }: { run: string } & Pick<RunOptions, 'told' | 'givenUp'>,
): Promise<boolean> {
  // Not always at the same moment of what goes on.
  await pause(scene.random.between(0, 300));
  const since = await fault.strike(scene);
  tally.faults++;
  const { after, lacks, wrong } = await untilNormal(scene.stage, scene.ledger, {
    ...{ run, since, name: `normal-${tally.faults}` },
    ...(givenUp !== undefined && { givenUp }),
  });
  for (const finding of wrong) tally.fail(`${fault.name}: ${finding}`);
  const line = `${fault.name}: ${after === undefined ? 'not normal again' : `normal after ${(after / 1000).toFixed(1)} s`}`;
  tally.notes.push(line);
  told?.(line);
  if (after === undefined || after > BACK_WITHIN) {
    tally.late++;
    tally.fail(`${line}, and not within ${BACK_WITHIN / 1000} s${lacks && `; it lacks ${lacks}`}`);
  }
  if (after === undefined) for (const place of scene.stage.all) tally.fail(place.said());
  return after !== undefined;
}

const counted = (answers: ReadonlyMap<number, number>): string =>
  [...answers].map(([status, count]) => `${count} × ${status === 0 ? 'none' : status}`).join(', ');

/** The same with processes of a service that are broken in those places, which are whole again afterwards. */
export async function brokenRun(
  options: RunOptions,
  service: Service,
  sabotage: readonly Sabotage[],
): Promise<Outcome> {
  const places = options.stage.places[service];
  await Promise.all(places.map((place) => place.replace(sabotage)));
  try {
    return await clusterRun(options);
  } finally {
    await Promise.all(places.map((place) => place.replace([])));
  }
}
