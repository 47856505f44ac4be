import { setTimeout as pause } from 'node:timers/promises';
import { HubApi } from '@threadline/hub/demo-api';
import type { Position } from '@threadline/event-store/event-store';
import { startHub, TEST_KEY, type TestHub } from '../../support/hub.js';
import { differing, everything, type Questions } from '../../support/same-answers.js';
import { compareEvents, logOf, type Audit, type LogEvent } from '../audit.js';
import type { Ledger } from '../ledger.js';
import { send } from '../load.js';
import type { Place } from './place.js';
import type { Stage } from './stage.js';

/** Events in one request to the hub that the log is played into. */
const BATCH = 400;

/** Milliseconds until everything that was acknowledged must be worked off. */
const PATIENCE = 120_000;

const QUESTIONS: Questions = {
  cards: ['', '?explain=true'],
  timelines: [{ order: 'desc', limit: '200' }],
  searches: ['coat', '拉链', 'guest', 'L-1010'],
};

/** Sends what is not acknowledged until it is, and resolves when ingest has nothing left to do. */
export async function settle(stage: Stage, ledger: Ledger): Promise<void> {
  const late = Date.now() + PATIENCE;
  const inTime = async (what: string): Promise<void> => {
    if (Date.now() > late) throw new Error(`waited in vain for ${what}`);
    await pause(100);
  };
  for (let unknown = ledger.unknown; unknown.length > 0; unknown = ledger.unknown) {
    await send(stage.gateways, ledger, unknown.slice(0, BATCH)).catch(() => undefined);
    await inTime('acknowledgements');
  }
  for (let head = -1; ; await inTime('ingest')) {
    const lags = await Promise.all(stage.places.ingest.map(lagOf));
    const now = await stage.cluster.head();
    if (now === head && lags.every((lag) => lag === 0)) return;
    head = now;
  }
}

async function lagOf(ingest: Place): Promise<number> {
  const page = await ingest.fetch('/metrics').then(
    (response) => response.text(),
    () => '',
  );
  return Number(/^threadline_ingest_lag_events (\d+)/m.exec(page)?.[1] ?? NaN);
}

/** The log after that position, at rest, against the ledger: as it lies in the store, and as every api opens it. */
export async function auditLog(stage: Stage, ledger: Ledger, after: Position): Promise<Omit<Audit, 'drift'>> {
  const findings = [
    ...ledger.refusals.map((text) => `refused: ${text}`),
    ...ledger.failures.map((text) => `failed: ${text}`),
  ];
  const head = await stage.cluster.head();
  const stored = await stage.cluster.log(after);
  let doubled = stored.length - new Set(stored.map(({ id }) => id)).size;
  if (doubled > 0) findings.push(`${doubled} events lie in the store twice`);
  let [lost, events] = [0, 0];
  for (const api of stage.places.api) {
    const opened = await openedLog(api, after, head);
    const found = compareEvents(opened, ledger, findings);
    const interactions = opened.filter(({ type }) => !type.startsWith('identity.')).length;
    if (interactions !== stored.length)
      findings.push(`${api.name} gives ${interactions} of ${stored.length} interactions' events`);
    lost = Math.max(lost, found.lost);
    doubled = Math.max(doubled, found.doubled);
    events = found.events;
  }
  return {
    acknowledged: ledger.acknowledged,
    events,
    lost: lost + ledger.refusals.length,
    doubled,
    findings: [...new Set(findings)].slice(0, 12),
  };
}

/** The log as an api gives it, once that has come so far. */
async function openedLog(api: Place, after: Position, head: Position): Promise<LogEvent[]> {
  const path = `/v1/events?format=ndjson&after=${after}&minPosition=${head}`;
  for (const late = Date.now() + PATIENCE; ;) {
    const response = await api.fetch(path, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.status !== 504 || Date.now() > late) return logOf(() => Promise.resolve(response));
    await response.arrayBuffer();
  }
}

/** A hub of one process that the whole log is played into: what the apis of a cluster must answer. */
export class Replay {
  #through: Position = 0;
  #position = '0';

  private constructor(private readonly hub: TestHub) {}

  static async begin({ masterKey }: Stage['cluster']): Promise<Replay> {
    return new Replay(await startHub({ env: { THREADLINE_MASTER_KEY: masterKey.toString('base64') } }));
  }

  async end(): Promise<void> {
    await this.hub.stop();
  }

  /** How many answers of the apis differ from those of the hub, the log being at rest; each is named. */
  async drift(stage: Stage, findings: string[]): Promise<number> {
    const head = await stage.cluster.head();
    await this.#play(await openedLog(stage.places.api[0], this.#through, head));
    this.#through = head;
    const places = stage.places.api;
    const [expected, ...told] = await Promise.all([
      everything(new HubApi(this.hub.url, TEST_KEY), this.#position, QUESTIONS),
      ...places.map(({ running }) =>
        everything(new HubApi(running?.url ?? '', TEST_KEY), String(head), QUESTIONS),
      ),
    ]);
    let drift = 0;
    for (const [index, place] of places.entries()) {
      const found = told[index] as typeof expected;
      const wrong = differing(expected, found);
      drift += wrong.length;
      for (const what of wrong.slice(0, 3))
        findings.push(`${place.name}: ${what}: ${found.get(what)} instead of ${expected.get(what)}`);
    }
    return drift;
  }

  async #play(events: readonly LogEvent[]): Promise<void> {
    for (let i = 0; i < events.length; i += BATCH) {
      const response = await this.hub.fetch('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: JSON.stringify(events.slice(i, i + BATCH)),
      });
      const answer = (await response.json()) as { rejected?: unknown[]; position: string };
      if (response.status !== 202 || answer.rejected?.length !== 0)
        throw new Error(`played into a hub: ${response.status} ${JSON.stringify(answer)}`);
      this.#position = answer.position;
    }
  }
}

/** What no fault explains: events put aside, by ingest or by the projector. */
export async function putAside(stage: Stage): Promise<string[]> {
  const found: string[] = [];
  const dead = await stage.places.gateway[0].fetch('/v1/dead?limit=3');
  const letters = (await dead.json()) as { total?: number };
  if (letters.total !== 0) found.push(`dead letters: ${JSON.stringify(letters).slice(0, 1_500)}`);
  for (const api of stage.places.api) {
    const parked = (await (await api.fetch('/v1/parked')).json()) as { parked?: unknown[] };
    if (JSON.stringify(parked) !== '{"parked":[]}')
      found.push(`parked at ${api.name}: ${JSON.stringify(parked).slice(0, 600)}`);
  }
  return found;
}
