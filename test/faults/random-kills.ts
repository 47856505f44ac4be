import { setTimeout as pause } from 'node:timers/promises';
import { audit } from './audit.js';
import { HubProcess } from './hub-process.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { Random } from './random.js';
import type { Sabotage } from './sabotage.js';
import { Tally, withFolder, type Outcome } from './scenario.js';

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  /** Events a second. */
  readonly rate?: number;
  readonly sabotage?: readonly Sabotage[];
  /** Ends at the first finding: what a twin is asked for. */
  readonly untilFound?: boolean;
}

/** At most as many in one folder: an audit sends everything again. */
const MOST = 40;

/**
 * One folder, and a hub that is killed over and over at random instants: under load, now and then while it starts and
 * still repairs what the last kill has left, or while it builds its read models anew. After each kill the next start is
 * held against the ledger.
 */
export async function randomKills(options: KillOptions): Promise<Outcome> {
  const tally = new Tally('killed at random');
  tally.notes.push(`seed ${options.seed}`);
  const random = new Random(options.seed);
  while (tally.faults < options.kills && (tally.clean || options.untilFound !== true)) {
    const wanted = Math.min(options.kills, tally.faults + MOST);
    await withFolder((folder) => killInOneFolder(folder, wanted, { ...options, random, tally }));
  }
  return tally.outcome();
}

async function killInOneFolder(
  folder: string,
  wanted: number,
  { rate = 400, sabotage = [], untilFound, random, tally }: KillOptions & { random: Random; tally: Tally },
): Promise<void> {
  const ledger = new Ledger();
  const load = new Load(ledger, random, { rate });
  let audits = 0;
  const check = async (hub: HubProcess): Promise<void> => {
    const found = await audit(hub, ledger);
    tally.add(found, audits++ === 0 ? 'fresh' : 'same folder', `after ${tally.faults} kills`);
  };
  for (let first = true; tally.faults < wanted && (tally.clean || untilFound !== true); first = false) {
    if (!first && random.chance(0.25)) {
      const starting = HubProcess.launch({ folder, sabotage });
      await pause(random.between(50, 1_200));
      await starting.killed();
      tally.faults++;
      continue;
    }
    const hub = await HubProcess.start({ folder, sabotage });
    if (!first) await check(hub);
    const running = load.run(hub);
    if (random.chance(0.3)) void rebuild(hub).catch(() => undefined);
    await pause(random.between(100, 900));
    await hub.killed();
    await running;
    tally.faults++;
  }
  const hub = await HubProcess.start({ folder, sabotage });
  await check(hub);
  const end = await hub.stopped();
  if (end.code !== 0)
    tally.fail(`asked to stop, the hub ended with ${end.signal ?? end.code}:\n${hub.output}`);
}

/** New read models, until they are live. */
export async function rebuild(hub: HubProcess): Promise<void> {
  const response = await hub.post('/v1/admin/rebuild', 'application/json', '');
  const text = await response.text();
  if (response.status !== 200) throw new Error(`rebuild: ${response.status} ${text}`);
}
