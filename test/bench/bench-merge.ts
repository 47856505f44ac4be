import type { startHub } from '@threadline/test/support/hub';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { BenchEvents } from './bench-events.js';
import { percentile, type Figure } from './figures.js';
import { BATCH_TYPE, Connections, post, readable, SINGLE_TYPE } from './http-load.js';

type Hub = Awaited<ReturnType<typeof startHub>>;

const JSON_TYPE = 'application/json';
const ONE = { kind: 'email', value: 'c0@example.org' };
const OTHER = { kind: 'email', value: 'c1@example.org' };
const PAGES = 100;

/** What a merge and its undoing cost where each of the two customers has half of so many events. */
export async function mergeLarge(
  hub: Hub,
  folder: string,
  events: number,
  onProgress: (done: number) => void,
): Promise<Figure[]> {
  const connections = new Connections(hub, 4);
  await fill(connections, events, onProgress);
  const half = Math.floor(events / 2).toLocaleString('en');
  const ms = (name: string, value: number, floor?: number): Figure => ({
    name,
    events,
    value,
    unit: 'ms',
    ...(floor !== undefined && { floor }),
  });
  const figures = [ms(`page of a customer of ${half} events, p99`, await pages(connections), 50)];
  const decide = async (what: string, path: string): Promise<void> => {
    const parties = path.endsWith('/links') ? [ONE, OTHER] : [OTHER];
    const before = written(folder);
    const visible = await seen(connections, path, JSON.stringify({ parties, reason: 'bench' }), JSON_TYPE);
    figures.push(ms(`${what} of two customers of ${half} events, visible`, visible, 1_000));
    figures.push({ name: `${what}: written to the log`, events, ...written(folder, before) });
    figures.push(ms(`page after the ${what}, p99`, await pages(connections), 50));
  };
  await decide('merge', '/v1/identity/links');
  await decide('unmerge', '/v1/identity/unlinks');
  await decide('merge again', '/v1/identity/links');
  await decide('unmerge again', '/v1/identity/unlinks');
  figures.push(...(await stitch(connections, folder, events, half)));
  connections.close();
  return figures;
}

/** A visitor without a name, known for years, turns out to be one of them: by one event. */
async function stitch(
  connections: Connections,
  folder: string,
  events: number,
  half: string,
): Promise<Figure[]> {
  const event = {
    specversion: '1.0',
    id: 'login',
    source: '/bench/stitch',
    type: 'web.tracked',
    time: new Date(1_700_000_000_000).toISOString(),
    data: { identifiers: [ONE, { kind: 'anonymous', value: 'visitor' }], web: { event: 'login' } },
  };
  const before = written(folder);
  const visible = await seen(connections, '/v1/events', JSON.stringify(event), SINGLE_TYPE);
  return [
    {
      name: `an anonymous visitor joins a customer of ${half} events, visible`,
      events,
      value: visible,
      unit: 'ms',
      floor: 1_000,
    },
    { name: 'written to the log for it', events, ...written(folder, before) },
  ];
}

/** Milliseconds from the request until the card is read with what it changed. */
async function seen(connections: Connections, path: string, body: string, type: string): Promise<number> {
  const began = performance.now();
  const { status, body: text } = await connections.send('POST', path, body, type);
  if (status !== 202) throw new Error(`${path}: ${status}: ${text.slice(0, 300)}`);
  const { position } = JSON.parse(text) as { position: string };
  const card = `/v1/customers/by/${ONE.kind}/${ONE.value}?minPosition=${position}`;
  const read = await connections.send('GET', card);
  if (read.status !== 200) throw new Error(`${card}: ${read.status}`);
  return performance.now() - began;
}

/** What the log holds, or how much more it holds than before: the bytes of the events. */
function written(folder: string): { value: number; unit: 'bytes'; position: number };
function written(folder: string, before: { position: number }): { value: number; unit: 'bytes' };
function written(
  folder: string,
  before?: { position: number },
): { value: number; unit: 'bytes'; position?: number } {
  const log = SqliteLogReader.open({ folder });
  try {
    const position = log.headPosition();
    if (before === undefined) return { value: 0, unit: 'bytes', position };
    const events = log.after(before.position, position - before.position);
    return { value: events.reduce((sum, { data }) => sum + data.byteLength, 0), unit: 'bytes' };
  } finally {
    void log.close();
  }
}

async function pages(connections: Connections): Promise<number> {
  const samples: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    const to = new Date(1_700_000_000_000 + page * 37 * 86_400_000).toISOString();
    const path = `/v1/customers/${await idOf(connections)}/timeline?limit=50&to=${to}`;
    const began = performance.now();
    const { status } = await connections.send('GET', path);
    if (status !== 200) throw new Error(`${path}: ${status}`);
    samples.push(performance.now() - began);
  }
  return percentile(samples, 99);
}

async function idOf(connections: Connections): Promise<string> {
  const { body } = await connections.send('GET', `/v1/customers/by/${ONE.kind}/${ONE.value}`);
  return (JSON.parse(body) as { id: string }).id;
}

async function fill(
  connections: Connections,
  events: number,
  onProgress: (done: number) => void,
): Promise<void> {
  const made = new BenchEvents(2, '/bench/merge', 6);
  let position = '';
  let done = 0;
  const tasks = function* (): Iterable<() => Promise<void>> {
    for (let from = 0; from < events; from += 500) {
      yield async () => {
        const customer = (from / 500) % 2;
        position = await post(connections, JSON.stringify(made.batch(from, 500, customer)), BATCH_TYPE);
        onProgress((done += 500));
      };
    }
  };
  await connections.all(tasks());
  await readable(connections, position);
}
