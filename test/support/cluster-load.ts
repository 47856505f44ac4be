import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { interactionId } from '@threadline/domain/ids';
import type { Position } from '@threadline/event-store/event-store';
import type { Cluster } from './cluster.js';
import type { ServiceProcess } from './service-process.js';
import { TEST_KEY } from './hub.js';

/** Events of a request, and milliseconds between two requests of one sender. */
const BATCH = 10;
const PAUSE = 50;
const SENDERS = 6;

/** Milliseconds until everything that was acknowledged must be worked off. */
const PATIENCE = 90_000;

/** What became of what was sent. */
export interface Audit {
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
}

/**
 * Senders as real ones are: each tries a request again, at any of the gateways, until it is acknowledged. Every event is an
 * interaction of its own, so that one that is written twice is seen in its stream.
 */
export class ClusterLoad {
  readonly #source = `/load/${randomUUID()}`;
  readonly #sent: string[] = [];
  readonly #acknowledged = new Set<string>();
  readonly #senders: Promise<void>[] = [];
  readonly #cluster: Cluster;
  readonly #gateways: () => readonly ServiceProcess[];
  #sending = false;
  #turn = 0;

  /** Where the log was when it was made. */
  readonly #from: Position;

  private constructor(cluster: Cluster, gateways: () => readonly ServiceProcess[], from: Position) {
    this.#cluster = cluster;
    this.#gateways = gateways;
    this.#from = from;
  }

  static async to(cluster: Cluster, gateways: () => readonly ServiceProcess[]): Promise<ClusterLoad> {
    return new ClusterLoad(cluster, gateways, await cluster.head());
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** So many events, as fast as they are taken. */
  async burst(events: number): Promise<void> {
    for (let sent = 0; sent < events; sent += 500) await this.#request(500);
  }

  begin(): void {
    this.#sending = true;
    const send = async (): Promise<void> => {
      while (this.#sending) {
        await this.#request(BATCH);
        await delay(PAUSE);
      }
    };
    for (let sender = 0; sender < SENDERS; sender++) this.#senders.push(send());
  }

  /** Resolves when the last request of each is acknowledged. */
  async end(): Promise<void> {
    this.#sending = false;
    await Promise.all(this.#senders.splice(0));
  }

  /** Resolves when at least so many more are acknowledged. */
  async more(events: number): Promise<void> {
    const wanted = this.acknowledged + events;
    while (this.acknowledged < wanted) await delay(10);
  }

  /** Resolves when ingest says that nothing waits, and the log rests; then holds it against what was sent. */
  async audit(ingest: ServiceProcess): Promise<Audit> {
    const hash = await this.#cluster.hash();
    const counts = new Map<string, number>();
    let after = this.#from;
    for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(300)) {
      const waiting = await lagOf(ingest);
      const fresh = await this.#cluster.log(after);
      for (const { stream } of fresh) counts.set(stream, (counts.get(stream) ?? 0) + 1);
      after = fresh.at(-1)?.position ?? after;
      if (waiting === 0 && fresh.length === 0) break;
    }
    let lost = 0;
    let doubled = 0;
    for (const id of this.#sent) {
      const times = counts.get(`interaction-${interactionId(hash, this.#source, id)}`) ?? 0;
      if (times > 1) doubled++;
      if (times === 0 && this.#acknowledged.has(id)) lost++;
    }
    return { acknowledged: this.acknowledged, lost, doubled };
  }

  async #request(count: number): Promise<void> {
    const ids = Array.from({ length: count }, () => randomUUID());
    this.#sent.push(...ids);
    const body = JSON.stringify(ids.map((id) => eventOf(this.#source, id)));
    while (!(await this.#tried(body))) await delay(50);
    for (const id of ids) this.#acknowledged.add(id);
  }

  async #tried(body: string): Promise<boolean> {
    const gateways = this.#gateways();
    const gateway = gateways[this.#turn++ % gateways.length];
    try {
      const response = await fetch(`${gateway?.url}/v1/events`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${TEST_KEY}`,
          'content-type': 'application/cloudevents-batch+json',
        },
        body,
      });
      await response.arrayBuffer();
      if (response.status !== 202 && response.status !== 503)
        throw new RangeError(`a request was answered with ${response.status}`);
      return response.status === 202;
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return false;
    }
  }
}

const eventOf = (source: string, id: string): object => ({
  specversion: '1.0',
  ...{ id, source },
  type: 'chat.message',
  time: '2026-03-02T10:15:00Z',
  data: {
    identifiers: [{ kind: 'email', value: `${id.slice(0, 2)}@example.org` }],
    content: { text: `Message ${id}` },
  },
});

async function lagOf(ingest: ServiceProcess): Promise<number> {
  const page = await (await ingest.fetch('/metrics')).text();
  return Number(/^threadline_ingest_lag_events (\d+)/m.exec(page)?.[1] ?? NaN);
}
