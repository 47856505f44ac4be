import { spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hubEnvironment, TEST_KEY } from '../support/hub.js';
import type { Target } from './load.js';
import { sabotageOptions, type Sabotage } from './sabotage.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** As `npm start` has them. */
const FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=40', '--enable-source-maps'];

export interface HubOptions {
  /** `THREADLINE_DATA`. */
  readonly folder: string;
  /** What the hub is started by, such as strace and its options; it must become the hub, as `strace -D` does. */
  readonly through?: readonly string[];
  /** Breaks the product in these places. */
  readonly sabotage?: readonly Sabotage[];
}

/** How the process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const running = new Set<HubProcess>();

/** The hub as users start it, in a process of its own, on loopback. */
export class HubProcess implements Target {
  readonly tellsPositions = true;
  readonly ended: Promise<End>;
  #end: End | undefined;
  #output = '';
  #url: string | undefined;
  readonly #child: ChildProcess;

  private constructor(
    readonly folder: string,
    child: ChildProcess,
  ) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream
        ?.setEncoding('utf8')
        .on('data', (text: string) => (this.#output = (this.#output + text).slice(-8_000)));
    }
    this.ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#output += error.message;
        resolve({ code: null, signal: null });
      });
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    running.add(this);
    void this.ended.then((end) => {
      this.#end = end;
      running.delete(this);
    });
  }

  /** Starts a hub and does not wait for it. */
  static launch({ folder, through = [], sabotage = [] }: HubOptions): HubProcess {
    const main = join(root, 'apps/hub/dist/main.js');
    const [command = '', ...args] = [...through, process.execPath, ...FLAGS, main];
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: hubEnvironment(folder, sabotageOptions(sabotage)),
    });
    return new HubProcess(folder, child);
  }

  /** A hub that answers. Throws with what it printed where it ends before, or is not ready within a minute. */
  static async start(options: HubOptions): Promise<HubProcess> {
    const hub = HubProcess.launch(options);
    if (await hub.ready()) return hub;
    hub.kill();
    const { code, signal } = await hub.ended;
    throw new Error(`the hub did not become ready (${signal ?? code}):\n${hub.output}`);
  }

  /** What it printed last. */
  get output(): string {
    return this.#output;
  }

  /** Where it listens; it prints that when it does. */
  get url(): string {
    this.#url ??= /^ {2}api {5}(\S+)$/m.exec(this.#output)?.[1];
    if (this.#url === undefined) throw new Error(`the hub does not listen yet:\n${this.#output}`);
    return this.#url;
  }

  get alive(): boolean {
    return this.#end === undefined;
  }

  /** False where it ended before, or was not ready in time. */
  async ready(within = 60_000): Promise<boolean> {
    const late = Date.now() + within;
    while (this.alive && Date.now() < late) {
      const answer = await this.get('/health/ready').catch(() => undefined);
      if (answer?.status === 200) return true;
      await pause(15);
    }
    return false;
  }

  /** Nothing where it has ended. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.alive) this.#child.kill(signal);
  }

  async killed(): Promise<End> {
    this.kill();
    return this.ended;
  }

  /** Asks it to stop, as an operator does, and waits. */
  async stopped(): Promise<End> {
    this.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), 20_000);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  async get(path: string): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      headers: { authorization: `Bearer ${TEST_KEY}` },
      signal: AbortSignal.timeout(60_000),
    });
  }

  async post(path: string, contentType: string, body: string): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TEST_KEY}`, 'content-type': contentType },
      body,
      signal: AbortSignal.timeout(60_000),
    });
  }
}

/** Ends the hubs that these tests have started on folders under this path and that still run. */
export async function killUnder(path: string): Promise<void> {
  await Promise.all([...running].flatMap((hub) => (hub.folder.startsWith(path) ? [hub.killed()] : [])));
}

// A test run that is ended leaves no hub behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const hub of running) hub.kill();
    process.exit(1);
  });
}
