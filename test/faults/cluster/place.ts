import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, Service } from '../../support/cluster.js';
import type { ServiceProcess } from '../../support/service-process.js';
import type { Sabotage } from '../sabotage.js';

/** Milliseconds after which a request to a process that stands still is given up. */
const ANSWER_WITHIN = 8_000;

/**
 * Where one process of a service runs. Whatever ends there is started again at once, on the same folder, as Kubernetes
 * starts a container again.
 */
export class Place {
  readonly #cluster: Cluster;
  #sabotage: readonly Sabotage[] = [];
  #running: ServiceProcess | undefined;
  /** The last one that was ready: what it listened on refuses connections once it has ended. */
  #latest: ServiceProcess | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #wanted = false;
  /** How often something ended here that nobody had ended, with what it said last. */
  readonly fallen: string[] = [];
  #killed = false;

  constructor(
    cluster: Cluster,
    readonly service: Service,
    readonly number: number,
  ) {
    this.#cluster = cluster;
  }

  get name(): string {
    return `${this.service} ${this.number}`;
  }

  /** The process that is there and was ready. */
  get running(): ServiceProcess | undefined {
    return this.#running;
  }

  /** Starts one where none is; resolves when it is ready. */
  async open(): Promise<void> {
    this.#wanted = true;
    await this.#start();
  }

  /** To whatever runs here, or ran here last. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    if (this.#latest === undefined) throw new Error(`${this.name} has not been started`);
    return this.#latest.fetch(path, { signal: AbortSignal.timeout(ANSWER_WITHIN), ...init });
  }

  /** Is what runs here ready, and the one that was started last? */
  async ready(): Promise<boolean> {
    if (this.#running === undefined) return false;
    return (await this.fetch('/health/ready')).status === 200;
  }

  /** What it has printed last, for whoever has to find out. */
  said(): string {
    return `${this.name}: ${this.#latest?.output().slice(-1_500) ?? ''}`;
  }

  /** SIGKILL to what runs here; another is started at once, and not waited for. */
  kill(): void {
    this.#killed = true;
    this.#running?.process.kill('SIGKILL');
  }

  /** SIGSTOP or SIGCONT. */
  signal(signal: NodeJS.Signals): void {
    this.#running?.process.kill(signal);
  }

  /** Ends what runs here; nothing is started until `open`. Answers the exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#wanted = false;
    const code = (await this.#running?.end(signal)) ?? null;
    await this.#keeping;
    return code;
  }

  /** Another build in the place of what runs here, broken where it says; resolves when it is ready. */
  async replace(sabotage: readonly Sabotage[]): Promise<void> {
    await this.end('SIGKILL');
    this.#sabotage = sabotage;
    await this.open();
  }

  async #start(): Promise<void> {
    const service = await this.#cluster.start(this.service, {
      sabotage: this.#sabotage,
      folder: `${this.service}-${this.number}`,
    });
    this.#running = this.#latest = service;
    this.#killed = false;
    this.#keeping = this.#keep(service);
  }

  async #keep(service: ServiceProcess): Promise<void> {
    await service.ended;
    this.#running = undefined;
    if (!this.#wanted) return;
    if (!this.#killed) this.fallen.push(`ended by itself: ${this.said()}`);
    // What cannot start is tried again, until somebody does not want it any more.
    while (this.#wanted) {
      try {
        await this.#start();
        return;
      } catch (error) {
        this.fallen.push(`${this.name} did not start: ${String(error).slice(-1_500)}`);
        await pause(500);
      }
    }
  }
}
