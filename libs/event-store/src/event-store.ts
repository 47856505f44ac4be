/** Where an event stands in the log. Opaque to everyone but the store: compare it, keep it, never compute with it. */
export type Position = number;

/** Before the first event. */
export const START: Position = 0;

/** An event to append. `id` is a UUID: the same id is the same event, for ever. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  /** UTF-8 JSON for everything that Threadline writes itself. */
  readonly data: Uint8Array;
  /** Empty is none. */
  readonly metadata?: Uint8Array;
}

/** An event as the log holds it. */
export interface RecordedEvent extends NewEvent {
  readonly position: Position;
  /** `<category>-<id>`; the category has no dash. */
  readonly stream: string;
  /** 0 for the first of its stream. */
  readonly revision: number;
  /** Milliseconds since 1970, by the store's clock, which never goes back. */
  readonly recordedAt: number;
  /** `data` as the text that it is, where the store read it so: who parses it needs no copy of the bytes. */
  readonly text?: string;
}

/**
 * A number is the revision of the stream's last event. With `any` an append that is sent again is known by its ids as
 * long as the store remembers them: a local one does for ever, EventStoreDB for a while.
 */
export type ExpectedRevision = number | 'no-stream' | 'any';

/** One atomic append: all of its events or none. */
export interface Append {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly NewEvent[];
}

export type AppendResult =
  /** Durable. `position` is that of the last event. */
  | { readonly status: 'appended'; readonly position: Position; readonly revision: number }
  /**
   * This append was there already; nothing was written. `position` and `revision` are those of the first time.
   * One that another process sends at the same moment may be told `appended` by a cluster's store.
   */
  | { readonly status: 'duplicate'; readonly position: Position; readonly revision: number }
  /** The stream is elsewhere (`actual` is its last revision, -1 where it does not exist); nothing was written. */
  | { readonly status: 'wrong-revision'; readonly actual: number };

export interface ReadStreamOptions {
  /** First revision to read (inclusive); default 0, or the last one when reading backwards. */
  readonly from?: number;
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface Filter {
  /** Exact event types; absent: all. */
  readonly types?: readonly string[];
  /** Stream name prefixes such as `interaction-`; absent: all. */
  readonly prefixes?: readonly string[];
}

export interface ReadAllOptions extends Filter {
  /** Exclusive; default START. */
  readonly after?: Position;
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export type SubscriptionMessage =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  /** Everything up to here was delivered or skipped by the filter. */
  | { readonly kind: 'checkpoint'; readonly position: Position }
  /** History is over; what follows is live. Sent once. */
  | { readonly kind: 'caught-up'; readonly position: Position };

export interface SubscribeOptions extends Filter {
  /** Exclusive; default START. */
  readonly after?: Position;
  readonly signal?: AbortSignal;
}

/**
 * What a store promises of an append that is sent again:
 * - `appends`: the same append (stream, expected revision or none, events) answers `duplicate` for ever, whatever came
 *   after it. An id that is sent with another expectation is another event. What EventStoreDB keeps;
 * - `ids`: an id is in a stream once for ever, whatever is expected. Of a local store, beyond the former.
 */
export type Idempotency = 'appends' | 'ids';

/**
 * The log. Guarantees, each proven by the contract suite:
 * - an append that answered `appended` is durable (fsync, or the cluster's own equivalent);
 * - an append with an exact revision or none that is sent again answers `duplicate`, for ever: see `Idempotency`;
 * - positions grow, recordedAt never goes back, what was read once is read the same for ever.
 * A local store checks each event's content hash on every read and throws `CorruptEventError` where it does not match.
 */
export interface EventStore {
  /** Many appends, each atomic and answered alone, in order; concurrent calls share one fsync. */
  append(appends: readonly Append[]): Promise<AppendResult[]>;
  /** Nothing where the stream does not exist. Both reads throw the signal's reason when it is aborted. */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent>;
  /** Up to the event that was last when it began. */
  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;
  /** Catch-up, then live, until the signal is aborted or the store is closed: then it ends, without an error. */
  subscribe(options: SubscribeOptions): AsyncIterable<SubscriptionMessage>;
  /** The position of the last event that is durable; START when empty. */
  head(): Promise<Position>;
  close(): Promise<void>;
}

/** What an adapter on the same disk can do besides: references into the log are resolved without a round trip. */
export interface LocalLog {
  /** The events at these positions, in this order; `undefined` where there is none. */
  at(positions: readonly Position[]): (RecordedEvent | undefined)[];
  /** Up to `limit` events after the position, in order. */
  after(position: Position, limit: number): RecordedEvent[];
  /** The whole stream, oldest first. */
  stream(stream: string): RecordedEvent[];
  /** As `readStream`, at once: for a few events. */
  page(stream: string, options: Omit<ReadStreamOptions, 'signal'>): RecordedEvent[];
  /** The events of that id, oldest first: at most one in a stream, normally one at all. */
  find(id: string): RecordedEvent[];
  /** The last position recorded at or before that time (milliseconds); START when there is none. */
  positionAt(time: number): Position;
  /** Of the last event. */
  headPosition(): Position;
  /** Everything up to here is known: the head, or beyond it where a copy knows that what follows is none of ours. */
  throughPosition(): Position;
}
