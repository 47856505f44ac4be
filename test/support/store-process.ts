import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from './children.js';
import { hubEnvironment, TEST_KEY } from './hub.js';

/** `test/dist/support` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const MAIN = join(ROOT, 'apps', 'hub', 'dist', 'store-main.js');

/** Milliseconds until a store must be there. */
const PATIENCE = 30_000;

/** The embedded event store alone, in a process of its own, over gRPC. */
export interface StoreProcess {
  readonly folder: string;
  readonly port: number;
  readonly process: () => ChildProcess;
  /** What it has printed since it was started. */
  readonly printed: () => string;
  /** A connection string with that key; without one, that with every scope. By another port where a proxy is at it. */
  connection(key?: string, by?: number): string;
  /** Ends the process and answers when it has ended; the folder stays. */
  end(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again, on the same folder and port. */
  start(): Promise<void>;
  /** Ends it and removes the folder. */
  dispose(): Promise<void>;
}

/** Starts it on a new folder; `env` beside what is needed. */
export async function startStore(env: Readonly<Record<string, string>> = {}): Promise<StoreProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'threadline-store-'));
  let port = 0;
  let child: ChildProcess;
  let printed = '';
  const start = async (): Promise<void> => {
    child = endsWithUs(
      spawn(process.execPath, ['--enable-source-maps', MAIN], {
        env: hubEnvironment(folder, { THREADLINE_EVENTSTORE_PORT: String(port), ...env }),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (printed += text));
    }
    port = await boundPort(child, () => printed);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  await start();
  return {
    folder,
    get port() {
      return port;
    },
    process: () => child,
    printed: () => printed,
    connection: (key = TEST_KEY, by = port) =>
      `esdb://any:${key}@127.0.0.1:${by}?tls=true&tlsCAFile=${folder}/eventstore-ca.crt`,
    end,
    start,
    dispose: async () => {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The port that it says it has; throws what it printed where it ends instead. */
function boundPort(child: ChildProcess, printed: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the store was not there after ${PATIENCE} ms: ${printed()}`));
    }, PATIENCE);
    child.stdout?.on('data', () => {
      const [, port] = /^ {2}store {3}esdb:.*@127\.0\.0\.1:(\d+)\?/m.exec(printed()) ?? [];
      if (port === undefined) return;
      clearTimeout(late);
      resolve(Number(port));
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`the store ended with ${code}: ${printed()}`));
    });
  });
}
