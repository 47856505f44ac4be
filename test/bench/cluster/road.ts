import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { setTimeout as delay } from 'node:timers/promises';
import { startCluster, type Cluster, type Service } from '../../support/cluster.js';
import { TEST_KEY } from '../../support/hub.js';
import type { ServiceProcess } from '../../support/service-process.js';
import { BenchEvents } from '../bench-events.js';
import { UNDURABLE } from '../bench-publish.js';
import { BATCH_TYPE, Connections, post, type Target } from '../http-load.js';

/** Events of a request. */
const BATCH = 100;
const CONNECTIONS = 8;

/** Milliseconds between two looks at the log. */
const LOOK_EVERY = 10;

/** So many events, and who brings them to a hub, or to a cluster through its gateway. */
export interface Load {
  readonly events: number;
  bring(target: Target): Promise<void>;
}

/** Batches of 100 over 8 connections, made before they are sent; `told` is how many milliseconds they took. */
export const batches = (source: string, events: number, told?: (milliseconds: number) => void): Load => ({
  events,
  bring: async (target) => {
    const made = new BenchEvents(Math.ceil(events / 10), source);
    const bodies = Array.from({ length: Math.ceil(events / BATCH) }, (_, index) =>
      JSON.stringify(made.batch(index * BATCH, BATCH)),
    );
    const connections = new Connections(target, CONNECTIONS);
    const started = performance.now();
    await connections.all(bodies.map((body) => async () => void (await post(connections, body, BATCH_TYPE))));
    told?.(performance.now() - started);
    connections.close();
  },
});

export const targetOf = ({ url }: ServiceProcess): Target => ({ url, key: TEST_KEY });

/** A cluster that is measured: its services by name, everything it was sent, and a look at its log. */
export class Road {
  readonly cluster: Cluster;
  /** What it was sent, in this order: a hub that is sent the same holds the same. */
  readonly loads: Load[] = [];
  readonly #services = new Map<Service, ServiceProcess[]>();
  #log: SqliteLogReader | undefined;

  static async open(): Promise<Road> {
    const road = new Road(await startCluster({ readsFlags: UNDURABLE }));
    // It begins the vault, without which nobody else starts.
    await road.run('ingest', 1);
    return road;
  }

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** So many processes of a service run when this resolves: what is missing is started, what is too many ended. */
  async run(name: Service, count: number): Promise<readonly ServiceProcess[]> {
    const running = this.#services.get(name) ?? [];
    const surplus = running.splice(count);
    await Promise.all(surplus.map((service) => service.end('SIGTERM')));
    const missing = Array.from({ length: count - running.length }, () => this.cluster.start(name));
    running.push(...(await Promise.all(missing)));
    this.#services.set(name, running);
    return running;
  }

  /** Sends it through a gateway; resolves when Kafka has all of it. */
  async send(load: Load): Promise<void> {
    const [gateway] = await this.run('gateway', 1);
    await load.bring(targetOf(gateway as ServiceProcess));
    this.loads.push(load);
  }

  /** Resolves when everything that was sent so far is in the log. */
  async allLogged(): Promise<number> {
    return this.logged(this.loads.reduce((sum, { events }) => sum + events, 0));
  }

  /** The log's file: a look at it costs the store nothing. Its positions are dense. */
  get log(): SqliteLogReader {
    return (this.#log ??= SqliteLogReader.open({ folder: this.cluster.store.folder }));
  }

  /** Resolves when the log is there, with where it is then. */
  async logged(position: number): Promise<number> {
    while (this.log.headPosition() < position) await delay(LOOK_EVERY);
    return this.log.headPosition();
  }

  async close(): Promise<void> {
    await this.#log?.close();
    await this.cluster.dispose();
  }
}
