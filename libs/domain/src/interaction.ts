import { canonicalJson, type Json, type JsonObject } from './canonical-json.js';
import { contentHash, type Hash } from './ids.js';
import type { CloudEventJson } from './cloud-event.js';
import type { Identifier } from './identifier.js';
import type { StoredEvent } from './stored-event.js';

/** What a channel sent, or what people decided: valid, its identifiers normalised, named by our ids. */
export interface ReceivedEvent {
  /** Our id of it: `eventId(hash, source, id)`. */
  readonly eventId: string;
  /** `interactionId(hash, source, object ?? id)`: with the type it tells the stream, see `streamOf`. */
  readonly interaction: string;
  readonly type: string;
  /** As it came, but for `time`, which is filled in where it was absent. */
  readonly cloudEvent: CloudEventJson;
  /** Business time, milliseconds since 1970. */
  readonly at: number;
  /** It came without a time. */
  readonly arrived?: true;
  readonly mode?: 'backfill';
  /** Keyed hash of `contentOf` the event as it was sent. */
  readonly hash: string;
  /** Normalised; the same length and order as what `namedIn` gives. */
  readonly identifiers: readonly Identifier[];
}

interface Recorded {
  readonly hash: string;
  readonly at: number;
  readonly arrived: boolean;
}

/** What the decisions need to know of an interaction. */
export type Interaction =
  | { readonly status: 'new' }
  | {
      readonly status: 'recorded';
      /** Of the stream's last event. */
      readonly revision: number;
      readonly events: ReadonlyMap<string, Recorded>;
    };

export const NEW_INTERACTION: Interaction = { status: 'new' };

/** One event of the interaction's stream. */
export interface InteractionReceived {
  readonly eventId: string;
  readonly event: Pick<StoredEvent, 'hash' | 'at' | 'arrived'>;
}

/** Folds the stream's next events in, oldest first: a list, so that a long stream is copied once and not once an event. */
export function evolve(state: Interaction, received: readonly InteractionReceived[]): Interaction {
  if (received.length === 0) return state;
  const events = new Map(state.status === 'new' ? [] : state.events);
  for (const { eventId, event } of received) {
    events.set(eventId, { hash: event.hash, at: event.at, arrived: event.arrived === true });
  }
  const revision = (state.status === 'new' ? -1 : state.revision) + received.length;
  return { status: 'recorded', revision, events };
}

/** The same `source` and `id` came with another content. Refused for good: sending it again does not help. */
export class ContentConflictError extends Error {
  readonly code = 'conflict';
  readonly retriable = false;
  constructor(readonly eventId: string) {
    super('an event with this source and id was accepted before, with another content');
    this.name = 'ContentConflictError';
  }
}

/**
 * Takes an event into its interaction: the events to append, `[]` where it is recorded already.
 * @throws ContentConflictError
 */
export function receiveInteraction(event: ReceivedEvent, state: Interaction, hash: Hash): ReceivedEvent[] {
  const recorded = state.status === 'new' ? undefined : state.events.get(event.eventId);
  if (recorded === undefined) return [event];
  if (recorded.hash === event.hash || isCopyWithTime(event, recorded, hash)) return [];
  throw new ContentConflictError(event.eventId);
}

/** An event that came without a time is given out with one: that copy is the same event. */
function isCopyWithTime(event: ReceivedEvent, recorded: Recorded, hash: Hash): boolean {
  if (!recorded.arrived || event.arrived === true || event.at !== recorded.at) return false;
  return contentHash(hash, contentOf(event.cloudEvent, 'without time')) === recorded.hash;
}

/** Says what an absent `datacontenttype` says as well (CloudEvents JSON format, 3.1). */
const PLAIN_JSON = /^\s*application\/json\s*(;\s*charset\s*=\s*"?utf-?8"?\s*)?$/i;

/**
 * What of a CloudEvent is compared between copies, as canonical JSON: all but the `threadline*` extensions, and without
 * a `datacontenttype` that only says plain JSON: in binary mode it is always there, in structured mode it need not be.
 */
export function contentOf(event: JsonObject, time: 'with time' | 'without time' = 'with time'): string {
  const isContent = (member: string): boolean => {
    if (member === 'time') return time === 'with time';
    if (member === 'datacontenttype')
      return typeof event[member] !== 'string' || !PLAIN_JSON.test(event[member]);
    return !member.startsWith('threadline');
  };
  const content: JsonObject = {};
  for (const member of Object.keys(event)) {
    // A member named __proto__ must become a member and not a prototype.
    if (member === '__proto__')
      Object.defineProperty(content, member, { value: event[member], enumerable: true });
    else if (isContent(member)) content[member] = event[member] as Json;
  }
  return canonicalJson(content);
}
