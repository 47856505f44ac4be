import { setTimeout as delay } from 'node:timers/promises';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { interactionId } from '@threadline/domain/ids';
import type { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import type { ServiceProcess } from '../../support/service-process.js';
import { BenchEvents } from '../bench-events.js';
import { percentile, type Figure } from '../figures.js';
import { atRate, Connections, post, readable, SINGLE_TYPE } from '../http-load.js';
import { batches, targetOf, type Road } from './road.js';

/** Events a second, one a request. */
const RATE = 300;
/** One of so many is followed. */
const SAMPLED = 10;
const CONNECTIONS = 32;
/** Events that came before, whatever else was measured: V8 compiles what runs often. */
const WARM_UP = 5_000;
const SOURCE = '/bench/freshness';

/** Milliseconds between two looks at the log. */
const LOOK_EVERY = 5;
const PAGE = 1_000;

/** Milliseconds: from acknowledged until an api answers with the card that has it. */
const FLOOR = 500;

/** From the 202 of the gateway until the event is in the log, and until an api answers with it, at 300 events a second. */
export async function freshness(road: Road, seconds: number, say: (text: string) => void): Promise<Figure[]> {
  const [[gateway], [api]] = await Promise.all([
    road.run('gateway', 1),
    road.run('api', 1),
    road.run('projector', 1),
    road.run('ingest', 1),
  ]);
  const writes = new Connections(targetOf(gateway as ServiceProcess), CONNECTIONS);
  const reads = new Connections(targetOf(api as ServiceProcess), CONNECTIONS);
  say(`${WARM_UP} events before it`);
  await road.send(batches(`${SOURCE}/before`, WARM_UP));
  await readable(reads, String(await road.allLogged()));
  const hash = await road.cluster.hash();
  const made = new BenchEvents(1_000, SOURCE, 3);
  const arrivals = new Arrivals(road.log);
  const toLog: number[] = [];
  const toReadable: number[] = [];
  say(`${RATE} events a second for ${seconds} s`);
  await atRate(RATE, seconds, async (number) => {
    const event = made.event(number);
    await post(writes, JSON.stringify(event), SINGLE_TYPE);
    if (number % SAMPLED !== 0) return;
    const acknowledged = performance.now();
    const { position, at } = await arrivals.of(`interaction-${interactionId(hash, SOURCE, event.id)}`);
    // It may be in the log before the acknowledgement is here.
    toLog.push(Math.max(0, at - acknowledged));
    await cardAt(reads, event, position);
    toReadable.push(performance.now() - acknowledged);
  });
  writes.close();
  arrivals.stop();
  reads.close();
  const events = RATE * seconds;
  const figure = (to: string, samples: number[], percent: number): Figure => ({
    ...{ name: `freshness at ${RATE}/s, acknowledged to ${to}, p${percent}`, events, unit: 'ms' },
    value: percentile(samples, percent),
  });
  return [
    figure('log', toLog, 50),
    figure('log', toLog, 99),
    figure('readable', toReadable, 50),
    { ...figure('readable', toReadable, 99), floor: FLOOR },
  ];
}

/** Asks for the card of whom the event is about until it is as of that position. */
async function cardAt(reads: Connections, { data }: CloudEventJson, position: number): Promise<void> {
  const [{ kind, value }] = (data as { identifiers: [{ kind: string; value: string }] }).identifiers;
  const path = `/v1/customers/by/${kind}/${encodeURIComponent(value)}?minPosition=${position}`;
  while ((await reads.send('GET', path)).status !== 200);
}

interface Arrival {
  readonly position: number;
  /** By `performance.now()`, as far as looks at the log can tell. */
  readonly at: number;
}

/** When which stream came into the log, seen in its file: nobody is asked for it. */
class Arrivals {
  readonly #seen = new Map<string, Arrival>();
  readonly #awaited = new Map<string, (arrival: Arrival) => void>();
  #following = true;

  constructor(log: SqliteLogReader) {
    void this.#follow(log);
  }

  of(stream: string): Promise<Arrival> {
    const seen = this.#seen.get(stream);
    if (seen !== undefined) return Promise.resolve(seen);
    return new Promise((resolve) => this.#awaited.set(stream, resolve));
  }

  stop(): void {
    this.#following = false;
  }

  async #follow(log: SqliteLogReader): Promise<void> {
    for (let after = log.headPosition(); this.#following; await delay(LOOK_EVERY)) {
      const at = performance.now();
      for (const { stream, position } of log.after(after, PAGE)) {
        const arrival = { position, at };
        this.#seen.set(stream, arrival);
        this.#awaited.get(stream)?.(arrival);
        after = position;
      }
    }
  }
}
