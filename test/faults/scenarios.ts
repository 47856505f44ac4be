import { floods } from './floods.js';
import { fullDisk } from './full-disk.js';
import { missingForDisks, missingForSyscallKills } from './machine.js';
import { pauses } from './pauses.js';
import { powerCuts } from './power-cuts.js';
import { randomKills } from './random-kills.js';
import type { Sabotage } from './sabotage.js';
import type { Outcome } from './scenario.js';
import { slowDisk } from './slow-disk.js';
import { syscallKills } from './syscall-kills.js';

export interface Scenario {
  readonly name: string;
  /** What the machine has not; undefined: nothing. */
  readonly missing: string | undefined;
  /** Faults that it must have met to say something. */
  readonly least: number;
  readonly run: () => Promise<Outcome>;
}

/** A scenario on a hub that is broken on purpose: what it must find. */
export interface Twin extends Omit<Scenario, 'least'> {
  readonly finds: 'lost' | 'doubled' | 'drift' | 'late';
}

const SIZES = {
  ci: { kills: 20, points: 62, floods: 2, cuts: 5, fills: 2, pauses: 5 },
  full: { kills: 200, points: Number.POSITIVE_INFINITY, floods: 20, cuts: 60, fills: 10, pauses: 50 },
};

export type Size = keyof typeof SIZES;

/** Every scenario; lost, doubled and drift have to be 0 in each. */
export function scenarios(size: Size, seed: number): Scenario[] {
  const { kills, points, floods: inFlood, cuts, fills, pauses: stops } = SIZES[size];
  return [
    {
      name: `killed ${kills} times at random under load`,
      missing: undefined,
      least: kills,
      run: () => randomKills({ kills, seed }),
    },
    {
      name: `killed at ${points === Number.POSITIVE_INFINITY ? 'every write, sync and rename' : `${points} writes, syncs and renames`}`,
      missing: missingForSyscallKills(),
      least: 60,
      run: () => syscallKills(points),
    },
    {
      name: `killed ${inFlood} times in a flood`,
      missing: undefined,
      least: inFlood,
      run: () => floods({ kills: inFlood, seed }),
    },
    {
      name: `the power cut ${cuts} times under load`,
      missing: missingForDisks(),
      least: cuts,
      run: () => powerCuts({ cuts, seed }),
    },
    {
      name: `the disk full ${fills} times`,
      missing: missingForDisks(),
      least: fills,
      run: () => fullDisk(fills),
    },
    {
      name: `held still ${stops} times under load`,
      missing: undefined,
      least: stops,
      run: () => pauses(stops, seed),
    },
    {
      name: 'every sync of a slow disk waited for',
      missing: missingForSyscallKills(),
      least: 1,
      run: () => slowDisk(60),
    },
  ];
}

const UNSYNCED: Sabotage[] = [
  {
    file: 'libs/event-store/dist/sqlite/schema.js',
    find: 'PRAGMA synchronous = FULL',
    put: 'PRAGMA synchronous = OFF',
  },
];

const FORGETFUL: Sabotage[] = [
  {
    file: 'libs/domain/dist/interaction.js',
    find: 'if (recorded === undefined) return [',
    put: 'if (recorded === undefined || recorded !== undefined) return [',
  },
  {
    file: 'libs/event-store/dist/sqlite-event-store.js',
    find: 'if (known.length === events.length)',
    put: 'if (known.length < 0)',
  },
  {
    file: 'libs/event-store/dist/sqlite-event-store.js',
    find: 'if (known.length > 0)',
    put: 'if (known.length < 0)',
  },
];

const HASTY: Sabotage[] = [
  {
    file: 'apps/ingest/dist/event-group.js',
    find: 'const results = await this.#log.append(appends);',
    put: `const results = appends.map(({ expected, events }) => ({
      status: 'appended', position: 1e9, revision: (expected === 'no-stream' ? -1 : expected) + events.length }));
    setTimeout(() => void this.#log.append(appends), 150);`,
  },
];

const KEYS_LATER: Sabotage[] = [
  {
    file: 'apps/ingest/dist/event-group.js',
    find: 'await this.#vault.commit();\n        return sealed;',
    put: 'setTimeout(() => void this.#vault.commit(), 400);\n        return sealed;',
  },
];

const SKIPPING: Sabotage[] = [
  {
    file: 'libs/read-store/dist/projector.js',
    find: 'events.filter(({ position })=>position > done)',
    put: "events.filter(({ position, type })=>position > done && type !== 'survey.answered')",
  },
];

/** Faults within which a twin has to be found; it ends with the first that shows it, which one in four does of the shyest. */
const TWIN_FAULTS = 40;

/** The same scenarios on hubs that are broken on purpose: each has to find what was broken, or it proves nothing. */
export function twins(seed: number): Twin[] {
  const killed = (sabotage: readonly Sabotage[]) => () =>
    randomKills({ kills: TWIN_FAULTS, seed, sabotage, untilFound: true });
  return [
    {
      name: 'twin: synchronous off, the power cut',
      missing: missingForDisks(),
      finds: 'lost',
      run: () => powerCuts({ cuts: TWIN_FAULTS, seed, sabotage: UNSYNCED, untilFound: true }),
    },
    {
      name: 'twin: acknowledged before it is appended',
      missing: undefined,
      finds: 'lost',
      run: killed(HASTY),
    },
    {
      name: 'twin: keys made durable after the events',
      missing: undefined,
      finds: 'lost',
      run: killed(KEYS_LATER),
    },
    {
      name: 'twin: events not recognised again',
      missing: undefined,
      finds: 'doubled',
      run: killed(FORGETFUL),
    },
    {
      name: 'twin: a projector that skips events',
      missing: undefined,
      finds: 'drift',
      run: killed(SKIPPING),
    },
  ];
}
