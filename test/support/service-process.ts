import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endsWithUs } from './children.js';
import { hubEnvironment, TEST_KEY } from './hub.js';

/** `test/dist/support` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Milliseconds until a service must be ready. */
const PATIENCE = 120_000;

export interface ServiceStart {
  readonly env: Readonly<Record<string, string>>;
}

/** A service of cluster mode that runs in a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly process: ChildProcess;
  /** `THREADLINE_DATA`, where it was given. */
  readonly folder: string | undefined;
  /** Resolves when it has ended, by whomever. */
  readonly ended: Promise<unknown>;
  /** What it has printed so far, both streams. */
  output(): string;
  /** With the key that has every scope. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Ends it and answers when it has ended, with its exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts one as its npm script does, without building; resolves when it is ready. */
export async function startService(name: string, { env }: ServiceStart): Promise<ServiceProcess> {
  const main = join(ROOT, 'apps', name, 'dist', 'main.js');
  const child = endsWithUs(
    spawn(process.execPath, ['--enable-source-maps', main], {
      env: hubEnvironment('/nowhere', { THREADLINE_MODE: 'cluster', THREADLINE_STOP_GRACE: '0', ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  const ended = once(child, 'exit');
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  };
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(25)) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const url = /^ {2}api {5}(\S+)$/m.exec(printed)?.[1];
    // One that ends meanwhile has said why: that is told below, and not that nobody answers.
    const isReady = (): Promise<boolean> =>
      fetch(`${url}/health/ready`).then(
        ({ status }) => status === 200,
        () => false,
      );
    if (url === undefined || !(await isReady())) continue;
    return {
      url,
      process: child,
      folder: env['THREADLINE_DATA'],
      ended,
      output: () => printed,
      fetch: (path, init = {}) => {
        const headers = new Headers(init.headers);
        if (!headers.has('authorization')) headers.set('authorization', `Bearer ${TEST_KEY}`);
        return fetch(`${url}${path}`, { ...init, headers });
      },
      end,
    };
  }
  await end('SIGKILL');
  throw new Error(`the ${name} was not ready (${child.exitCode ?? child.signalCode}):\n${printed}`);
}
