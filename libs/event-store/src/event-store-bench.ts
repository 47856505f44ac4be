import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Append } from './event-store.js';
import { SqliteEventStore } from './sqlite-event-store.js';
import { SqliteLogReader } from './sqlite-log-reader.js';
import { RawLog, RawRows } from './sqlite/raw-log.js';

/** Microseconds an event; `raw` is plain `node:sqlite` in the same run, turn by turn. */
export interface Figure {
  readonly ours: number;
  readonly raw: number;
}

/** The costs of a log of so many events, microseconds an event unless the name says otherwise. */
export interface EventStoreFigures {
  readonly events: number;
  /** New streams in batches of 1,000; raw: FULL, one table with two unique indexes. */
  readonly append: Figure;
  /** `after` in pages of 500; raw: the same rows of the same file, unchecked. */
  readonly scan: Figure;
  /** One event at a random position; raw: the same statement, unchecked. */
  readonly at: Figure;
  /** `stream` of an interaction with one event, by a reader. */
  readonly knownStream: number;
  /** `stream` of one that is not there, by the writer: what each new interaction costs. */
  readonly newStream: number;
  readonly rssMegabytes: number;
}

export interface EventStoreBenchOptions {
  /** Is made, and removed afterwards. */
  readonly folder: string;
  /** Numbers of events at which to measure, growing, multiples of 1,000. */
  readonly sizes: readonly number[];
  /** Bytes of data an event; default 620. */
  readonly bytes?: number;
  /** `thread` counts what the calling thread computes, for a machine that others use too; default `wall`. */
  readonly clock?: 'wall' | 'thread';
}

const BATCH = 1_000;
const SAMPLES = 10_000;

/**
 * Fills two logs side by side, ours and a plain one, and measures at each size.
 * @public
 */
export async function benchEventStore(options: EventStoreBenchOptions): Promise<EventStoreFigures[]> {
  const { folder, sizes, bytes = 620, clock = 'wall' } = options;
  const time = (work: () => unknown): Promise<number> => timed(CLOCKS[clock], work);
  const data = Buffer.from(JSON.stringify({ v: 1, box: 'x'.repeat(Math.max(0, bytes - 16)) }));
  const store = await SqliteEventStore.open({ folder });
  const raw = new RawLog(join(folder, 'raw.db'));
  const sample: string[] = [];
  const figures: EventStoreFigures[] = [];
  try {
    let written = 0;
    for (const events of sizes) {
      const append = { ours: 0, raw: 0 };
      const from = written;
      for (; written < events; written += BATCH) {
        const appends = Array.from({ length: BATCH }, (): Append => newInteraction(data));
        sample.push((appends[0] as Append).stream);
        append.ours += await time(() => store.append(appends));
        append.raw += await time(() => raw.append(appends));
      }
      append.ours /= written - from;
      append.raw /= written - from;
      figures.push({ events, append, ...(await reads(folder, store, sample, written, time)) });
    }
    return figures;
  } finally {
    raw.close();
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

async function reads(
  folder: string,
  store: SqliteEventStore,
  streams: readonly string[],
  events: number,
  time: (work: () => unknown) => Promise<number>,
): Promise<Omit<EventStoreFigures, 'events' | 'append'>> {
  const raw = new RawRows(folder);
  const reader = SqliteLogReader.open({ folder });
  reader.stream('none');
  const last = Math.min(events, 100_000);
  const each = async (times: number, work: (i: number) => unknown): Promise<number> =>
    (await time(() => {
      for (let i = 0; i < times; i++) work(i);
    })) / times;
  const random = (): number => 1 + Math.floor(Math.random() * events);
  const pages = last / 500;
  try {
    return {
      scan: {
        raw: (await each(pages, (i) => raw.page(i * 500, 500))) / 500,
        ours: (await each(pages, (i) => reader.after(i * 500, 500))) / 500,
      },
      at: {
        raw: await each(SAMPLES, () => raw.at(random())),
        ours: await each(SAMPLES, () => reader.at([random()])),
      },
      knownStream: await each(SAMPLES, (i) => reader.stream(streams[(i * 7919) % streams.length] as string)),
      newStream: await each(SAMPLES, (i) => store.stream(`interaction-${i}`)),
      rssMegabytes: Math.round(process.memoryUsage.rss() / 1e6),
    };
  } finally {
    await reader.close();
    raw.close();
  }
}

const newInteraction = (data: Uint8Array): Append => ({
  stream: `interaction-${randomBytes(16).toString('hex')}`,
  expected: 'no-stream',
  events: [{ id: randomUUID(), type: 'email.received', data }],
});

/** Microseconds so far. */
type Clock = () => number;

const CLOCKS: Readonly<Record<'wall' | 'thread', Clock>> = {
  wall: () => Number(process.hrtime.bigint()) / 1_000,
  thread: () => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  },
};

async function timed(clock: Clock, work: () => unknown): Promise<number> {
  const started = clock();
  await work();
  return clock() - started;
}
