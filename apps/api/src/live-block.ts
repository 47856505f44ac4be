import type { ClearData, StoredEvent } from '@threadline/domain/stored-event';
import type { EventStore, RecordedEvent } from '@threadline/event-store/event-store';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { CustomerReads } from '@threadline/read-store/customers/customer-reads';
import { storedOf } from './stored-of.js';

/** An event of the log with what is clear of it; `named`: the ids of the parties that it names, forgotten ones aside. */
export interface LiveEvent {
  readonly event: RecordedEvent;
  readonly stored: StoredEvent;
  readonly clear: ClearData;
  readonly named: readonly string[];
}

export interface LiveMessage {
  readonly name: 'interaction' | 'visit' | 'customer.changed' | 'customers.changed';
  /** Whom it is about; null where nobody is known yet. */
  readonly customer: string | null;
  readonly data: JsonObject;
}

/** What one event of the log makes a watcher hear. */
export interface LiveBlock {
  readonly position: number;
  readonly store: string | undefined;
  /** Whoever watches hears it, whatever they watch for. */
  readonly forAll?: true;
  readonly messages: readonly LiveMessage[];
}

type Streams = Pick<EventStore, 'readStream'>;

/** Earlier events of the interaction that are asked for their customer: one of each home, of so many. */
const EARLIER = 64;

/**
 * The messages of one event: the interaction, the visit if it is one, and every customer whose card it changes: the one
 * that it stands under, those whose identifiers it names beside, and, where an earlier version stood under another home,
 * that one's.
 */
export async function liveBlock(live: LiveEvent, log: Streams, reads: CustomerReads): Promise<LiveBlock> {
  const { event, clear, named } = live;
  const position = String(event.position);
  const customer = (await reads.customerAt(event.position)) ?? null;
  const changed = new Set(customer === null ? [] : [customer]);
  const others = [
    ...(named.length < 2 ? [] : named).map((party) => reads.customerOf(party)),
    ...(await otherHomes(event, log)).map((earlier) => reads.customerAt(earlier)),
  ];
  for (const id of await Promise.all(others)) if (id !== undefined) changed.add(id);
  const data = essentials(live, customer);
  const messages: LiveMessage[] = [{ name: 'interaction', customer, data }];
  if (event.type === 'visit.started' || event.type === 'visit.ended') {
    const visit = { ...data, state: event.type === 'visit.started' ? 'started' : 'ended', ...clear.visit };
    messages.push({ name: 'visit', customer, data: visit });
  }
  for (const id of changed) messages.push({ name: 'customer.changed', customer: id, data: { id, position } });
  return { position: event.position, store: clear.store, messages };
}

/** The message of a decision: every customer that one of its parties is of now. Nothing of a backfilled one. */
export async function decisionBlock(
  event: RecordedEvent,
  reads: CustomerReads,
): Promise<LiveBlock | undefined> {
  const stored = storedOf(event);
  if (stored === undefined || stored.mode === 'backfill') return undefined;
  const position = String(event.position);
  const ids = await reads.customersOf(stored.parties.map(({ key }) => key));
  const messages = ids.map((id): LiveMessage => ({
    name: 'customer.changed',
    customer: id,
    data: { id, position },
  }));
  return { position: event.position, store: undefined, messages };
}

/** Other identity rules: every customer has been computed again, so whoever shows one asks anew. */
export function rulesBlock(event: RecordedEvent): LiveBlock | undefined {
  const stored = storedOf(event);
  if (stored === undefined || stored.mode === 'backfill') return undefined;
  const { position } = event;
  const data = { position: String(position) };
  const messages: LiveMessage[] = [{ name: 'customers.changed', customer: null, data }];
  return { position, store: undefined, forAll: true, messages };
}

/** What of the timeline's entry is clear: enough to know whether to ask for it. */
function essentials({ event, stored, clear }: LiveEvent, customer: string | null): JsonObject {
  return {
    event: event.id,
    source: stored.source,
    interaction: event.stream.slice('interaction-'.length),
    type: event.type,
    channel: clear.channel,
    at: new Date(stored.at).toISOString(),
    recordedAt: new Date(event.recordedAt).toISOString(),
    position: String(event.position),
    direction: clear.direction ?? null,
    customer,
    ...(clear.store === undefined ? {} : { store: clear.store }),
    ...(clear.brand === undefined ? {} : { brand: clear.brand }),
  };
}

/** The position of one earlier event of each home that the interaction has had. */
async function otherHomes(event: RecordedEvent, log: Streams): Promise<number[]> {
  const homes = new Map<number, number>();
  if (event.revision > 0) {
    const before = log.readStream(event.stream, {
      direction: 'backwards',
      from: event.revision - 1,
      limit: EARLIER,
    });
    for await (const earlier of before) {
      const stored = storedOf(earlier);
      const key = stored?.parties[stored.home]?.key;
      if (key !== undefined) homes.set(key, earlier.position);
    }
  }
  return [...homes.values()];
}
