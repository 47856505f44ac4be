import { readFileSync } from 'node:fs';
import { startHub } from '@threadline/test/support/hub';
import { BenchEvents } from './bench-events.js';
import { percentile, type Figure } from './figures.js';
import { BATCH_TYPE, Connections, post, readable, type Target } from './http-load.js';

type Hub = Awaited<ReturnType<typeof startHub>>;

const HEAVY = 'heavy@example.org';
const MANY_PARTIES = 10_000;

/**
 * Fills a hub through its own door, or a cluster through its gateway's: `events` events of a tenth as many customers, a
 * tenth of them of one customer, and one customer of as many parties, up to 10,000. Answers the last position when it can
 * be read; of a cluster nothing, when its broker has the events.
 */
export async function fill(
  target: Target,
  events: number,
  onProgress: (done: number) => void,
): Promise<string> {
  const connections = new Connections(target, 4);
  const made = new BenchEvents(customersOf(events), '/bench/fill', 4);
  let position = '';
  let done = 0;
  const tasks = function* (): Iterable<() => Promise<void>> {
    for (let from = 0; from < events; from += 500) {
      yield async () => {
        const batch = made
          .batch(from, 500)
          .map((event, index) => ((from + index) % 10 === 9 ? heavy(event) : event));
        position = await post(connections, JSON.stringify(batch), BATCH_TYPE);
        onProgress((done += batch.length));
      };
    }
    for (let from = 0; from < manyParties(events); from += 500) {
      yield async () => {
        const batch = Array.from({ length: Math.min(500, manyParties(events) - from) }, (_, index) =>
          manyPartied(from + index),
        );
        position = await post(connections, JSON.stringify(batch), BATCH_TYPE);
      };
    }
  };
  await connections.all(tasks());
  if (position !== '') await readable(connections, position);
  connections.close();
  return position;
}

const manyParties = (events: number): number => Math.min(MANY_PARTIES, events);

/** How many events `fill` sends in all. */
export const filled = (events: number): number => events + manyParties(events);

function heavy<Event extends { data?: unknown }>(event: Event): Event {
  return {
    ...event,
    data: { ...(event.data as object), identifiers: [{ kind: 'email', value: HEAVY, name: 'Heavy' }] },
  };
}

const manyPartied = (number: number): object => ({
  specversion: '1.0',
  id: `p-${number}`,
  source: '/bench/parties',
  type: 'web.viewed',
  time: new Date(1_700_000_000_000 + number * 60_000).toISOString(),
  data: {
    identifiers: [
      { kind: 'anonymous', value: `cookie-${number}` },
      { kind: 'user', value: 'many' },
    ],
    web: { url: 'https://shop.example/', title: 'Home' },
  },
});

/** Times of so many reads, one after the other. */
async function times(connections: Connections, paths: readonly string[]): Promise<number[]> {
  const samples: number[] = [];
  for (const path of paths) {
    const started = performance.now();
    const { status, body } = await connections.send('GET', path);
    if (status !== 200) throw new Error(`${path} was answered ${status}: ${body.slice(0, 300)}`);
    samples.push(performance.now() - started);
  }
  return samples;
}

const READS = 300;

/** Card, timeline and search, with the hub idle and under a flood of writes, and its memory. */
export async function reads(hub: Hub, events: number): Promise<Figure[]> {
  const figures = await idleReads(hub, events);
  const connections = new Connections(hub, 1);
  const known = await someCards(connections, events);
  connections.close();
  figures.push({
    ...{ name: 'card, p99, under a flood of writes', events, unit: 'ms', floor: 60 },
    value: percentile(await underFlood(hub, known), 99),
  });
  figures.push({
    name: 'resident memory',
    events,
    value: residentMegabytes(hub),
    unit: 'MB',
    floor: 450,
    aim: 350,
  });
  figures.push({ name: 'resident memory, peak', events, value: residentMegabytes(hub, 'VmHWM'), unit: 'MB' });
  return figures;
}

/** Card, timeline and search of what `fill` has brought, while nothing is written. */
export async function idleReads(target: Target, events: number): Promise<Figure[]> {
  const connections = new Connections(target, 1);
  const figure = (name: string, samples: number[], floor: number): Figure => ({
    ...{ name, events, unit: 'ms', floor },
    value: percentile(samples, 99),
  });
  const known = await someCards(connections, events);
  const heavyId = await idOf(connections, `/v1/customers/by/email/${HEAVY}`);
  const manyId = await idOf(connections, '/v1/customers/by/user/many');
  const pages = somePages(heavyId, events);
  const figures = [
    figure('card, p99, idle', await times(connections, known), 20),
    figure(
      'card of the heaviest customer, p99',
      await times(connections, repeat(`/v1/customers/${heavyId}`, 100)),
      20,
    ),
    figure('timeline of the heaviest, any depth, p99', await times(connections, pages), 50),
    figure(
      `timeline of ${manyParties(events).toLocaleString('en')} parties, p99`,
      await times(connections, repeat(`/v1/customers/${manyId}/timeline`, 100)),
      50,
    ),
    figure('first page of a search, p99', await times(connections, searches(customersOf(events))), 100),
  ];
  connections.close();
  return figures;
}

const customersOf = (events: number): number => Math.ceil(events / 10);

/** Paths of cards that are there. */
function someCards(connections: Connections, events: number): Promise<string[]> {
  const customers = customersOf(events);
  return existing(
    connections,
    Array.from(
      { length: READS },
      (_, index) => `/v1/customers/by/email/c${(index * 7919) % customers}@example.org`,
    ),
  );
}

const repeat = (path: string, count: number): string[] => Array.from({ length: count }, () => path);

const searches = (customers: number): string[] =>
  Array.from({ length: 100 }, (_, index) => {
    const asked =
      [
        `c${index * 31}@example.org`,
        `Customer ${(index * 97) % customers}`,
        'coat zip',
        'A-5000',
        '大衣',
        'deliv',
      ][index % 6] ?? '';
    return `/v1/customers?q=${encodeURIComponent(asked)}&limit=20`;
  });

async function existing(connections: Connections, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) if ((await connections.send('GET', path)).status === 200) found.push(path);
  if (found.length === 0) throw new Error('no customer of the bench was found');
  return found;
}

async function idOf(connections: Connections, path: string): Promise<string> {
  const { status, body } = await connections.send('GET', path);
  if (status !== 200) throw new Error(`${path} was answered ${status}`);
  return (JSON.parse(body) as { id: string }).id;
}

/** Pages all over the timeline: from times spread over its length. */
function somePages(id: string, events: number): string[] {
  const first = 1_700_000_000_000;
  return Array.from({ length: 200 }, (_, index) => {
    const to = new Date(first + (events * 20_000 * (index + 1)) / 200).toISOString();
    return `/v1/customers/${id}/timeline?limit=50&to=${encodeURIComponent(to)}`;
  });
}

async function underFlood(hub: Hub, paths: readonly string[]): Promise<number[]> {
  const writers = new Connections(hub, 4);
  const made = new BenchEvents(10_000, '/bench/flood', 5);
  const bodies = Array.from({ length: 300 }, (_, index) => JSON.stringify(made.batch(index * 100, 100)));
  let flooding = true;
  const flood = writers.all(
    bodies.map((body) => async () => {
      if (flooding) await post(writers, body, BATCH_TYPE);
    }),
  );
  const reader = new Connections(hub, 1);
  const samples = await times(reader, paths);
  flooding = false;
  await flood;
  writers.close();
  reader.close();
  return samples;
}

/** From /proc, where there is one. */
function residentMegabytes(hub: Hub, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const status = readFileSync(`/proc/${hub.process.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN) / 1024;
}
