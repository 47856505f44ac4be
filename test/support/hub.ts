import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from './children.js';

/** `test/dist/support` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const MAIN = join(ROOT, 'apps', 'hub', 'dist', 'main.js');

/** Node's own, as `npm start` has them. */
const FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=40', '--enable-source-maps'];

/** Milliseconds until a hub must be ready. */
const PATIENCE = 30_000;

export const TEST_KEY = 'test-key-with-every-scope-0001';

export interface HubStart {
  /** Beside what a test hub has anyway; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: a new one, removed by `stop` and `kill`. */
  readonly folder?: string;
}

/** A hub that runs in a process of its own. */
export interface TestHub {
  readonly url: string;
  /** With every scope. */
  readonly key: string;
  readonly folder: string;
  readonly process: ChildProcess;
  /** What it has printed so far, both streams. */
  output(): string;
  /** GET or whatever `init` says, with the key unless there is another. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. The folder stays if the test gave it. */
  kill(): Promise<void>;
}

/** The environment of a test hub: nothing of the machine's own variables of ours. */
export function hubEnvironment(folder: string, env: HubStart['env'] = {}): Record<string, string> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('THREADLINE_'));
  const all: Record<string, string | undefined> = {
    ...Object.fromEntries(own),
    THREADLINE_DATA: folder,
    THREADLINE_PORT: '0',
    THREADLINE_BOOTSTRAP_KEY: TEST_KEY,
    THREADLINE_LOG_LEVEL: 'warn',
    ...env,
  };
  return Object.fromEntries(
    Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** Starts the hub as `npm start` does, without building; resolves when it is ready. */
export async function startHub({ env = {}, folder }: HubStart = {}): Promise<TestHub> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'threadline-hub-')));
  const child = endsWithUs(
    spawn(process.execPath, [...FLAGS, MAIN], {
      env: hubEnvironment(home, env),
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  const clean = async (): Promise<void> => {
    if (folder === undefined) await rm(home, { recursive: true, force: true });
  };
  const ended = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    await clean();
    return child.exitCode;
  };
  try {
    const url = await readyUrl(child, () => printed);
    const key = /^ {2}key {5}(\S+)$/m.exec(printed)?.[1] ?? env['THREADLINE_BOOTSTRAP_KEY'] ?? TEST_KEY;
    return {
      url,
      key,
      folder: home,
      process: child,
      output: () => printed,
      fetch: (path, init = {}) => {
        const headers = new Headers(init.headers);
        if (!headers.has('authorization')) headers.set('authorization', `Bearer ${key}`);
        return fetch(`${url}${path}`, { ...init, headers });
      },
      stop: () => ended('SIGTERM'),
      kill: async () => void (await ended('SIGKILL')),
    };
  } catch (error) {
    await ended('SIGKILL');
    throw error;
  }
}

async function readyUrl(child: ChildProcess, printed: () => string): Promise<string> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(20)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the hub has ended (${child.exitCode ?? child.signalCode}):\n${printed()}`);
    }
    const url = /^ {2}api {5}(\S+)$/m.exec(printed())?.[1];
    if (url !== undefined && (await fetch(`${url}/health/ready`)).status === 200) return url;
  }
  throw new Error(`the hub was not ready in time:\n${printed()}`);
}

/** Runs the hub until it ends by itself: how it refuses to start. */
export async function runHub(
  folder: string,
  env: HubStart['env'] = {},
  args: readonly string[] = [],
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: hubEnvironment(folder, env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const limit = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  await once(child, 'close');
  clearTimeout(limit);
  return { code: child.exitCode, output };
}
