import { setTimeout as pause } from 'node:timers/promises';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { faultEvent } from './fault-events.js';
import type { Ledger } from './ledger.js';
import type { Random } from './random.js';

/** Who takes events: a hub, or the gateways of a cluster. */
export interface Target {
  /** False when nobody will ever answer again. */
  readonly alive: boolean;
  /** Whether an acknowledgement tells where the events lie. Where not, it may still. */
  readonly tellsPositions: boolean;
  post(path: string, contentType: string, body: string): Promise<Response>;
}

/** Events of a request of a burst. */
const BURST = 500;

/** What `POST /v1/events` answers; 202 and 400 have `rejected`. */
interface Answer {
  readonly accepted?: number;
  readonly duplicates?: number;
  readonly rejected?: readonly { index: number; id?: string; problems: unknown }[];
  readonly position?: string | null;
}

export interface Sent {
  readonly status: number;
  readonly accepted: number;
  readonly duplicates: number;
  /** Undefined where it was not told. */
  readonly position?: number;
}

/**
 * Sends one request, written to the ledger before and after. Rejects when the connection broke: then nobody knows what
 * became of it.
 */
export async function send(
  target: Target,
  ledger: Ledger,
  events: readonly CloudEventJson[],
  path = '/v1/events',
): Promise<Sent> {
  for (const event of events) ledger.sending(event);
  const single = events.length === 1;
  const response = single
    ? await target.post(path, 'application/cloudevents+json', JSON.stringify(events[0]))
    : await target.post(path, 'application/cloudevents-batch+json', JSON.stringify(events));
  const text = await response.text();
  const { accepted = 0, duplicates = 0, rejected = [], position = '' } = JSON.parse(text) as Answer;
  const { status } = response;
  if (status >= 500 && status !== 503) ledger.failures.push(`${status}: ${text}`);
  else if (status !== 202 && status !== 429 && status !== 503) ledger.refusals.push(`${status}: ${text}`);
  if (status !== 202) return { status, accepted: 0, duplicates: 0 };
  const refused = new Set(rejected.map(({ index }) => index));
  if (refused.size > 0) ledger.refusals.push(JSON.stringify(rejected));
  const told = position !== null && /^\d+$/.test(position);
  if (!told && (position !== null || target.tellsPositions))
    ledger.refusals.push(`a position like '${position}'`);
  const at = told ? Number(position) : Number.POSITIVE_INFINITY;
  events.forEach((event, index) => !refused.has(index) && ledger.acknowledge(event, at));
  return { status, accepted, duplicates, ...(told && { position: at }) };
}

export interface LoadOptions {
  /** Events a second, all connections together. */
  readonly rate: number;
  readonly connections?: number;
  /** The largest batch; half of the requests are single events where it is small. */
  readonly largest?: number;
  /** The n-th event, always the same one. */
  readonly eventOf?: (n: number) => CloudEventJson;
}

/**
 * A stream of load on several connections: batches and single events, and now and then one that was sent before. What was
 * not acknowledged is sent again, until it is.
 */
export class Load {
  #next = 0;
  #stop = false;
  /** Sent, and not acknowledged. */
  #again: CloudEventJson[] = [];
  readonly #pause: number;
  readonly #connections: number;
  readonly #largest: number;
  readonly #eventOf: (n: number) => CloudEventJson;

  constructor(
    readonly ledger: Ledger,
    private readonly random: Random,
    { rate, connections = 6, largest = 24, eventOf = faultEvent }: LoadOptions,
  ) {
    this.#eventOf = eventOf;
    this.#pause = (1000 * connections) / rate;
    this.#connections = connections;
    this.#largest = largest;
  }

  /** Sends until the target is gone or `stop` is called. */
  async run(target: Target): Promise<void> {
    this.#stop = false;
    this.#again = this.ledger.unknown;
    await Promise.all(Array.from({ length: this.#connections }, () => this.#lane(target)));
  }

  /** So many more at once, in requests of 500, until all are acknowledged. */
  async burst(target: Target, count: number): Promise<void> {
    const events = Array.from({ length: count }, () => this.#eventOf(this.#next++));
    for (let i = 0; i < count; i += BURST) {
      const some = events.slice(i, i + BURST);
      while (!(await this.#acknowledged(target, some))) await pause(50);
    }
  }

  stop(): void {
    this.#stop = true;
  }

  async #lane(target: Target): Promise<void> {
    while (!this.#stop && target.alive) {
      const events = this.#draw();
      if (!(await this.#acknowledged(target, events))) this.#again.push(...events);
      await pause(events.length * this.#pause);
    }
  }

  async #acknowledged(target: Target, events: readonly CloudEventJson[]): Promise<boolean> {
    try {
      const { status } = await send(target, this.ledger, events);
      if (status !== 202) await pause(100);
      return status === 202;
    } catch {
      // Who was asked is going, or is gone: what was in flight is unknown.
      await pause(20);
      return false;
    }
  }

  #draw(): CloudEventJson[] {
    if (this.#again.length > 0) return this.#again.splice(0, 20);
    const single = this.random.chance(this.#largest > 100 ? 0.1 : 0.5);
    const size = single ? 1 : this.random.between(2, this.#largest + 1);
    const events = Array.from({ length: size }, () => this.#eventOf(this.#next++));
    if (this.#next > 50 && this.random.chance(0.2))
      events.push(this.#eventOf(this.random.between(0, this.#next - 30)));
    return events;
  }
}
