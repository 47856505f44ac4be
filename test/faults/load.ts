import { setTimeout as pause } from 'node:timers/promises';
import type { CloudEventJson } from '@threadline/domain/interaction';
import { faultEvent } from './fault-events.js';
import type { HubProcess } from './hub-process.js';
import type { Ledger } from './ledger.js';
import type { Random } from './random.js';

/** What `POST /v1/events` answers; 202 and 400 have `rejected`. */
interface Answer {
  readonly accepted?: number;
  readonly duplicates?: number;
  readonly rejected?: readonly { index: number; id?: string; problems: unknown }[];
  readonly position?: string;
}

export interface Sent {
  readonly status: number;
  readonly accepted: number;
  readonly duplicates: number;
}

/**
 * Sends one request, written to the ledger before and after. Rejects when the connection broke: then nobody knows what
 * became of it.
 */
export async function send(
  hub: HubProcess,
  ledger: Ledger,
  events: readonly CloudEventJson[],
): Promise<Sent> {
  for (const event of events) ledger.sending(event);
  const single = events.length === 1;
  const response = single
    ? await hub.post('/v1/events', 'application/cloudevents+json', JSON.stringify(events[0]))
    : await hub.post('/v1/events', 'application/cloudevents-batch+json', JSON.stringify(events));
  const text = await response.text();
  const { accepted = 0, duplicates = 0, rejected = [], position = '' } = JSON.parse(text) as Answer;
  const { status } = response;
  if (status >= 500 && status !== 503) ledger.failures.push(`${status}: ${text}`);
  else if (status !== 202 && status !== 429 && status !== 503) ledger.refusals.push(`${status}: ${text}`);
  if (status !== 202) return { status, accepted: 0, duplicates: 0 };
  const refused = new Set(rejected.map(({ index }) => index));
  if (refused.size > 0) ledger.refusals.push(JSON.stringify(rejected));
  if (!/^\d+$/.test(position)) ledger.refusals.push(`a position like '${position}'`);
  events.forEach((event, index) => !refused.has(index) && ledger.acknowledge(event, Number(position)));
  return { status, accepted, duplicates };
}

export interface LoadOptions {
  /** Events a second, all connections together. */
  readonly rate: number;
  readonly connections?: number;
  /** The largest batch; half of the requests are single events where it is small. */
  readonly largest?: number;
}

/** A stream of load on several connections: batches and single events, and now and then one that was sent before. */
export class Load {
  #next = 0;
  #stop = false;
  /** Sent in an earlier round, and never answered. */
  #again: CloudEventJson[] = [];
  readonly #pause: number;
  readonly #connections: number;
  readonly #largest: number;

  constructor(
    readonly ledger: Ledger,
    private readonly random: Random,
    { rate, connections = 6, largest = 24 }: LoadOptions,
  ) {
    this.#pause = (1000 * connections) / rate;
    this.#connections = connections;
    this.#largest = largest;
  }

  /** Sends until the hub is gone or `stop` is called. */
  async run(hub: HubProcess): Promise<void> {
    this.#stop = false;
    this.#again = this.ledger.unknown;
    await Promise.all(Array.from({ length: this.#connections }, () => this.#lane(hub)));
  }

  stop(): void {
    this.#stop = true;
  }

  async #lane(hub: HubProcess): Promise<void> {
    while (!this.#stop && hub.alive) {
      const events = this.#draw();
      try {
        const { status } = await send(hub, this.ledger, events);
        if (status !== 202) await pause(100);
      } catch {
        // The hub is going, or is gone: what was in flight is unknown.
        await pause(20);
      }
      await pause(events.length * this.#pause);
    }
  }

  #draw(): CloudEventJson[] {
    if (this.#again.length > 0) return this.#again.splice(0, 20);
    const single = this.random.chance(this.#largest > 100 ? 0.1 : 0.5);
    const size = single ? 1 : this.random.between(2, this.#largest + 1);
    const events = Array.from({ length: size }, () => faultEvent(this.#next++));
    if (this.#next > 50 && this.random.chance(0.2))
      events.push(faultEvent(this.random.between(0, this.#next - 30)));
    return events;
  }
}
