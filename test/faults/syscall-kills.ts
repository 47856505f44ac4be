import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { audit } from './audit.js';
import { faultEvent } from './fault-events.js';
import { HubProcess } from './hub-process.js';
import { Ledger } from './ledger.js';
import { send } from './load.js';
import { program } from './machine.js';
import { rebuild } from './random-kills.js';
import { Tally, withFolder, type Outcome } from './scenario.js';

/** What changes a file or makes a change durable. */
const CALLS = [
  ...['write', 'pwrite64', 'writev', 'pwritev', 'fsync', 'fdatasync', 'ftruncate'],
  ...['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat'],
];

/** The n-th time that one thread makes this call on this file. The process dies before the call is made. */
export interface Point {
  readonly call: string;
  /** Relative to the data folder; `.` is the folder itself. */
  readonly file: string;
  readonly nth: number;
}

export const pointName = ({ call, file, nth }: Point): string => `${call} ${nth} of ${file}`;

/** The load: short, one request after the other, so that it makes the same calls each time; new read models at its end. */
async function shortLoad(hub: HubProcess, ledger: Ledger): Promise<void> {
  let next = 0;
  for (const size of [1, 12, 1, 3, 20, 1]) {
    const events = Array.from({ length: size }, () => faultEvent(next++));
    await send(hub, ledger, events);
    // Waits until it can be read: the projector's writes are part of the load.
    const last = Math.max(...[...ledger.entries].map(({ acknowledged }) => acknowledged ?? 0));
    await (await hub.get(`/v1/customers/by/email/guest.0@example.org?minPosition=${last}`)).text();
  }
  await rebuild(hub);
}

const strace = (...options: string[]): string[] => [
  program('strace') ?? 'strace',
  '-D',
  '-f',
  '-qq',
  ...options,
];

/** Every such call that a start, the short load and a stop make on the data folder, in their order. */
export async function findPoints(): Promise<Point[]> {
  return withFolder(async (folder) => {
    mkdirSync(dirname(folder), { recursive: true });
    const trace = `${folder}.trace`;
    const hub = await HubProcess.start({
      folder,
      through: strace('-y', '-s', '0', '-o', trace, '-e', `trace=${CALLS.join()}`, '-e', 'signal=none'),
    });
    await shortLoad(hub, new Ledger());
    const end = await hub.stopped();
    if (end.code !== 0) throw new Error(`the dry run ended with ${end.signal ?? end.code}:\n${hub.output}`);
    return parseTrace(readFileSync(trace, 'utf8'), folder);
  });
}

/** Lines such as `4711 pwrite64(31</data/log.db-wal>, ""..., 32, 0) = 32`; strace counts per thread, file and call. */
export function parseTrace(trace: string, folder: string): Point[] {
  const seen = new Map<string, number>();
  const points = new Map<string, Point>();
  for (const line of trace.split('\n')) {
    const [, thread, call, rest] = /^(\d+)\s+(\w+)\((.*)$/.exec(line) ?? [];
    if (thread === undefined || call === undefined || rest === undefined) continue;
    // Of a rename the first path: both are matched by strace, one is enough to find it again.
    const path = /^\d+<([^>]+)>|"([^"]+)"/.exec(rest);
    const file = path?.[1] ?? path?.[2];
    if (file === undefined || (file !== folder && !file.startsWith(folder + sep))) continue;
    const name = relative(folder, file) || '.';
    const nth = (seen.get(`${thread} ${call} ${name}`) ?? 0) + 1;
    seen.set(`${thread} ${call} ${name}`, nth);
    const point = { call, file: name, nth };
    if (!points.has(pointName(point))) points.set(pointName(point), point);
  }
  return [...points.values()];
}

/** `count` of them: half of them of as many kinds (call and file) as can be, half spread evenly over the whole time. */
export function spread(points: readonly Point[], count: number): Point[] {
  if (count >= points.length) return [...points];
  const kinds = [...Map.groupBy(points, ({ call, file }) => `${call} ${file}`).values()];
  const oneOfEach = kinds.map((kind) => kind[Math.floor(kind.length / 2)] as Point);
  const chosen = new Set(evenly(oneOfEach, Math.ceil(count / 2)));
  const others = points.filter((point) => !chosen.has(point));
  for (const point of evenly(others, count - chosen.size)) chosen.add(point);
  return points.filter((point) => chosen.has(point));
}

function evenly<T>(list: readonly T[], count: number): T[] {
  if (count >= list.length) return [...list];
  return Array.from({ length: count }, (_, i) => list[Math.floor((i * list.length) / count)] as T);
}

/**
 * Runs the load until the point kills the hub, or the process that builds its read models anew; then holds the folder
 * against the ledger. False where the point was not met.
 */
async function killAt(point: Point, tally: Tally): Promise<boolean> {
  return withFolder(async (folder) => {
    mkdirSync(dirname(folder), { recursive: true });
    const ledger = new Ledger();
    const { call, file, nth } = point;
    const trace = `${folder}.trace`;
    const inject = `inject=${call}:signal=SIGKILL:when=${nth}`;
    const hub = HubProcess.launch({
      folder,
      through: strace('-o', trace, '-P', join(folder, file), '-e', `trace=${call}`, '-e', inject),
    });
    if (await hub.ready()) {
      await shortLoad(hub, ledger).catch((error: unknown) => {
        // The connection broke, or an answer did.
        if (error instanceof TypeError || (error as Error).name === 'SyntaxError') return;
        throw error;
      });
    }
    const { signal, code } = await hub.stopped();
    const met = readFileSync(trace, 'utf8').includes('killed by SIGKILL');
    if (signal !== 'SIGKILL' && code !== 0) {
      tally.fail(`${pointName(point)}: the hub ended with ${signal ?? code}:\n${hub.output}`);
    }
    const next = await HubProcess.start({ folder });
    tally.add(await audit(next, ledger), 'fresh', `killed before ${pointName(point)}`);
    await next.killed();
    if (met) tally.faults++;
    return met;
  });
}

/**
 * Kills the hub at every write, sync and rename of a short load, its start and its stop: all of them, or `count` of
 * them. Each time in a folder of its own; two at a time.
 */
export async function syscallKills(count = Number.POSITIVE_INFINITY): Promise<Outcome> {
  const tally = new Tally('killed at a system call');
  const points = await findPoints();
  const chosen = spread(points, count);
  const queue = [...chosen];
  const missed: Point[] = [];
  const lane = async (): Promise<void> => {
    for (let point = queue.shift(); point !== undefined; point = queue.shift()) {
      if (!(await killAt(point, tally))) missed.push(point);
    }
  };
  await Promise.all([lane(), lane()]);
  tally.notes.push(`${chosen.length} of ${points.length} calls`);
  for (const point of missed) tally.notes.push(`not met this time: ${pointName(point)}`);
  return tally.outcome();
}
