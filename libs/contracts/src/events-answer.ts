import type { EventProblem } from './validate-event.js';

/** An event of a request that was not taken. */
export interface RejectedEvent {
  /** Its place in the request, from 0. */
  readonly index: number;
  /** As it came; null where it has none that can be told. */
  readonly id: string | null;
  readonly code: 'invalid' | 'conflict' | 'too-large';
  readonly problems: readonly EventProblem[];
}

/** The body of 202. */
export interface EventsTaken {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly RejectedEvent[];
  /** At or after every event of the request, duplicates included. */
  readonly position: string;
}

/** What POST /v1/events answers, before it is HTTP. Plain data: it crosses between threads and processes. */
export type EventsAnswer =
  | { readonly status: 202; readonly taken: EventsTaken }
  | {
      readonly status: 400 | 409 | 413 | 415;
      readonly code: 'rejected' | 'bad-body' | 'conflict' | 'too-large' | 'unknown-content-type';
      readonly detail: string;
      readonly rejected: readonly RejectedEvent[];
    };

/** What a gateway of cluster mode answers that does not wait for the log: the broker has the events for good. */
export type EdgeAnswer =
  | EventsAnswer
  | { readonly status: 202; readonly taken: Omit<EventsTaken, 'position'> & { readonly position: null } };

/** The topic that channel events come in on. */
export const INBOUND = 'interactions.inbound';

/** Who divides its messages among themselves: the ingests. */
export const INGEST_GROUP = 'threadline-ingest';

/** Where events go that cannot be written, in clear text, for 14 days. */
export const DEAD_LETTERS = 'interactions.dead';

/** Where ingest answers the gateways that wait for it (`?wait=log`). */
export const ANSWERS = 'interactions.answers';

/** Header of a message: `log` where the sender waits until the log has it. Of cluster mode. */
export const WAIT = 'wait';

/** Header of a message: when it arrived, in milliseconds since 1970. Absent: now. Nobody outside sets it. */
export const ARRIVAL = 'arrival';

/** Header of a message: `true` where the key that it came with has the scope `admin`. Nobody outside sets it. */
export const DECIDES = 'decides';
