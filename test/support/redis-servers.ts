import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingDocker, redisContainer } from './containers.js';
import { needing } from './needing.js';

/** `test/dist/support` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const SCRIPT = join(ROOT, 'infra', 'local', 'redis.mjs');

/** One, one with a replica, or three masters of a Redis Cluster. */
export type RedisShape = 'single' | 'replicated' | 'cluster';

interface Server {
  readonly node: number;
  readonly port: number;
  readonly secure?: number;
  readonly pid: number;
}

/** Redis servers of our own, which may be killed. */
export interface RedisServers {
  /** Of the first. */
  readonly url: string;
  readonly ports: readonly number[];
  /** Of the first, with TLS; where certificates were given. */
  readonly securePort: number | undefined;
  /** Where their files lie. */
  readonly folder: string;
  pid(node: number): number;
  /** SIGKILLs that one, or does something else to it. */
  kill(node: number, signal?: NodeJS.Signals): void;
  /** Starts one again that was killed: same port, same files; with other flags if there are any. */
  start(node: number, flags?: readonly string[]): Promise<void>;
  dispose(): Promise<void>;
}

/** A suite with Redis servers of its own; says so where there are none. */
export function withRedis(
  title: string,
  shape: RedisShape,
  flags: readonly string[],
  body: (servers: () => RedisServers) => void,
): void {
  describe(title, () => {
    const missing = missingRedis();
    if (missing !== undefined) {
      it('needs a Redis', ...needing(missing, () => Promise.resolve()));
      return;
    }
    let servers: RedisServers;
    before(async () => {
      servers = await startRedis(shape, flags);
    });
    after(() => servers?.dispose());
    body(() => servers);
  });
}

const given = (): string | undefined => process.env['THREADLINE_TEST_REDIS'] || undefined;

/**
 * A suite that needs no more than one durable Redis and leaves it running: `THREADLINE_TEST_REDIS` (a URL), else one of
 * our own, else one in a container.
 */
export function withAnyRedis(title: string, body: (url: () => string) => void): void {
  const url = given();
  const own = missingRedis();
  const docker = own && missingDocker();
  if (url === undefined && (own === undefined || docker !== undefined)) {
    withRedis(title, 'single', [], (servers) => body(() => servers().url));
    return;
  }
  describe(url === undefined ? title : `${title} (THREADLINE_TEST_REDIS)`, () => {
    let container: { readonly address: string; dispose(): Promise<void> } | undefined;
    before(async () => {
      if (url === undefined) container = await redisContainer();
    });
    after(() => container?.dispose());
    body(() => url ?? `redis://${container?.address}`);
  });
}

/** Why no Redis can be started here; undefined where one can. */
export function missingRedis(): string | undefined {
  const there = ['redis-server', 'valkey-server'].some(
    (program) => spawnSync(program, ['--version']).status === 0,
  );
  return there ? undefined : 'neither redis-server nor valkey-server is installed (Debian: redis-server)';
}

/**
 * Starts them; durable (`appendfsync always`, no snapshots) unless the flags say otherwise. `certificates`: a folder of
 * them (see `makeCertificates`).
 */
export async function startRedis(
  shape: RedisShape = 'single',
  flags: readonly string[] = [],
  certificates?: string,
): Promise<RedisServers> {
  const tls = certificates === undefined ? [] : ['--tls', certificates];
  const child = spawn(process.execPath, [SCRIPT, '--shape', shape, ...tls, '--', ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const told = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`no Redis was started: ${complaints}`);
    return JSON.parse(value);
  };
  const { folder, servers: all } = (await told()) as { folder: string; servers: Server[] };
  const servers = new Map(all.map((server) => [server.node, server]));
  const ports = [...servers.values()].map(({ port }) => port);
  const pid = (node: number): number => (servers.get(node) as Server).pid;
  return {
    url: `redis://127.0.0.1:${ports[0]}`,
    ports,
    securePort: all[0]?.secure,
    folder,
    pid,
    kill: (node, signal = 'SIGKILL') => void process.kill(pid(node), signal),
    start: async (node, other = []) => {
      child.stdin.write(`${['start', node, ...other].join(' ')}\n`);
      const { started } = (await told()) as { started: Server };
      servers.set(node, started);
    },
    dispose: () => ended(child),
  };
}

/** Takes everything out of the server at that address. */
export async function flushRedis(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write('FLUSHALL\r\n');
  await once(socket, 'data');
  socket.end();
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await gone;
}
