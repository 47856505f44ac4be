import { Intake } from '@threadline/channels/intake';
import { INBOUND } from '@threadline/contracts/events-answer';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { EventGroups } from '@threadline/ingest/event-group';
import { IngestQueue } from '@threadline/ingest/ingest-queue';
import { startHub } from '@threadline/test/support/hub';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { BenchEvents } from './bench-events.js';
import { percentile, type Figure } from './figures.js';
import { atRate, BATCH_TYPE, Connections, post, readable, SINGLE_TYPE } from './http-load.js';

const BATCH = 1_000;
/**
 * Events that are sent before the clock starts, and do not count: V8 compiles what runs often, which takes a second, and
 * ten thousand events take less.
 */
const WARM_UP = 10_000;

/** In this process, no HTTP: checked, normalised, sealed and appended in batches of 1,000. */
export async function inProcessAppend(folder: string, events: number, raw: number): Promise<Figure> {
  const vault = await SqliteVault.open({ folder, masterKey: Buffer.alloc(32, 7) });
  const store = await SqliteEventStore.open({ folder });
  const queue = new IngestQueue({
    groups: new EventGroups(store, vault),
    intake: new Intake({ hash: (...parts) => vault.hash(...parts) }),
    clock: Date.now,
    unforeseen: (error) => {
      throw error;
    },
  });
  const append = async (made: BenchEvents, count: number): Promise<number> => {
    let milliseconds = 0;
    for (let from = 0; from < count; from += BATCH) {
      const body = Buffer.from(JSON.stringify(made.batch(from, BATCH)));
      const started = performance.now();
      const answer = await queue.submit({ topic: INBOUND, headers: { 'content-type': BATCH_TYPE }, body });
      milliseconds += performance.now() - started;
      if (answer.status !== 202) throw new Error(`in-process append was answered ${answer.status}`);
    }
    return milliseconds;
  };
  const customers = Math.ceil(events / 10);
  await append(new BenchEvents(customers, '/bench/warm-up', 6), WARM_UP);
  const milliseconds = await append(new BenchEvents(customers, '/bench/in-process'), events);
  await queue.idle();
  await store.close();
  await vault.close();
  const value = (events / milliseconds) * 1000;
  return {
    name: 'in-process append, batches of 1,000, warm',
    events,
    value,
    unit: 'events/s',
    raw,
    floor: 0.15,
    aim: 0.3,
  };
}

/** Over HTTP, with the projector at work, everything in one hub and the load on the same machine. */
export async function httpIngest(folder: string, events: number, raw: number): Promise<Figure[]> {
  const hub = await startHub({ folder });
  try {
    const batched = await batches(hub, events, raw);
    const alone = await singles(hub, Math.min(20_000, events), raw);
    const fresh = await freshness(hub);
    return [batched, alone, ...fresh];
  } finally {
    await hub.stop();
  }
}

type Hub = Awaited<ReturnType<typeof startHub>>;

async function batches(hub: Hub, events: number, raw: number): Promise<Figure> {
  const connections = new Connections(hub, 8);
  // Made before the clock starts: only the hub and the sockets are measured.
  const tasks = (made: BenchEvents, count: number): (() => Promise<void>)[] =>
    Array.from({ length: Math.ceil(count / 100) }, (_, index) => {
      const body = JSON.stringify(made.batch(index * 100, 100));
      return async () => void (await post(connections, body, BATCH_TYPE));
    });
  const customers = Math.ceil(events / 10);
  await connections.all(tasks(new BenchEvents(customers, '/bench/warm-up', 6), WARM_UP));
  const timed = tasks(new BenchEvents(customers, '/bench/batches'), events);
  const started = performance.now();
  await connections.all(timed);
  const value = (events / (performance.now() - started)) * 1000;
  connections.close();
  return {
    name: 'HTTP, batches of 100, 8 connections, warm',
    events,
    value,
    unit: 'events/s',
    raw,
    floor: 0.1,
    aim: 0.2,
  };
}

async function singles(hub: Hub, events: number, raw: number): Promise<Figure> {
  const connections = new Connections(hub, 32);
  const made = new BenchEvents(Math.ceil(events / 10), '/bench/singles', 2);
  const bodies = Array.from({ length: events }, (_, index) => JSON.stringify(made.event(index)));
  let position = '';
  const started = performance.now();
  await connections.all(
    bodies.map((body) => async () => {
      position = await post(connections, body, SINGLE_TYPE);
    }),
  );
  const value = (events / (performance.now() - started)) * 1000;
  await readable(connections, position);
  connections.close();
  return { name: 'HTTP, single events, 32 connections', events, value, unit: 'events/s', raw };
}

const RATE = 500;
const SECONDS = 10;

/** Time from an event's 202 until its customer's card can be read with it, at 500 events a second. */
async function freshness(hub: Hub): Promise<Figure[]> {
  const connections = new Connections(hub, 32);
  const made = new BenchEvents(1_000, '/bench/freshness', 3);
  const samples: number[] = [];
  await atRate(RATE, SECONDS, (number) =>
    measure(connections, JSON.stringify(made.event(number)), number % 10 === 0 ? samples : undefined),
  );
  connections.close();
  const events = RATE * SECONDS;
  return [
    { name: `freshness at ${RATE}/s, p50`, events, value: percentile(samples, 50), unit: 'ms' },
    {
      name: `freshness at ${RATE}/s, p99`,
      events,
      value: percentile(samples, 99),
      unit: 'ms',
      floor: 100,
      aim: 10,
    },
  ];
}

async function measure(connections: Connections, body: string, samples: number[] | undefined): Promise<void> {
  const position = await post(connections, body, SINGLE_TYPE);
  if (samples === undefined) return;
  const accepted = performance.now();
  await readable(connections, position);
  samples.push(performance.now() - accepted);
}
