import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hubEnvironment, TEST_KEY } from './hub.js';

/** `test/dist/support` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Milliseconds until a service must be ready. */
const PATIENCE = 60_000;

export interface ServiceStart {
  readonly env: Readonly<Record<string, string>>;
}

/** A service of cluster mode that runs in a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly process: ChildProcess;
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
  const child = spawn(process.execPath, ['--enable-source-maps', main], {
    env: hubEnvironment('/nowhere', { THREADLINE_MODE: 'cluster', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  }
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(25)) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const url = /^ {2}api {5}(\S+)$/m.exec(printed)?.[1];
    if (url === undefined || (await fetch(`${url}/health/ready`)).status !== 200) continue;
    return {
      url,
      process: child,
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
