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

/** The topic that channel events come in on. */
export const INBOUND = 'interactions.inbound';

/** Header of a message: `true` where the key that it came with has the scope `admin`. Nobody outside sets it. */
export const DECIDES = 'decides';
