import { StoreClosedError, StoreUnavailableError } from './errors.js';
import {
  START,
  type Append,
  type AppendResult,
  type EventStore,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type SubscribeOptions,
  type SubscriptionMessage,
} from './event-store.js';
import { Driver } from './kurrent/driver.js';
import { passes } from './kurrent/filters.js';
import { inTime, PATIENCE, Retries, stepsInTime, type Patience } from './kurrent/patience.js';
import { Subscribed } from './kurrent/subscribed.js';
import { validAppend } from './valid-append.js';

export interface KurrentEventStoreOptions {
  /** `esdb://` or `kurrentdb://`, with or without `+discover`; TLS and credentials are in it. */
  readonly connectionString: string;
  readonly patience?: Partial<Patience>;
}

/**
 * The log on EventStoreDB or KurrentDB (22.6 or newer). One in a process. Of what the port promises, ids are unique in
 * a stream for the same append sent again: see `Idempotency` in the contract.
 */
export class KurrentEventStore implements EventStore {
  readonly #driver: Driver;
  readonly #patience: Patience;
  readonly #closing = new AbortController();
  /** The greatest position that an append was answered with. What is sent after that answer lies behind it, or is old. */
  #told: Position = START;
  /** The head as it was when the appends of this turn were called. */
  #headOfTurn: Promise<Position> | undefined;

  /**
   * Throws `ConnectionStringError`, `StoreRefusedError` (wrong credentials) or
   * `StoreUnavailableError`.
   */
  static async open({ connectionString, patience }: KurrentEventStoreOptions): Promise<KurrentEventStore> {
    const store = new KurrentEventStore(new Driver(connectionString), { ...PATIENCE, ...patience });
    try {
      await store.head();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(driver: Driver, patience: Patience) {
    this.#driver = driver;
    this.#patience = patience;
  }

  /**
   * Rejects with `InvalidAppendError`, `StoreRefusedError`, `StoreClosedError` (nothing was written) or
   * `StoreUnavailableError` (unknown outcome: the same appends sent again are answered rightly).
   */
  async append(appends: readonly Append[]): Promise<AppendResult[]> {
    const valid = appends.map(validAppend);
    this.#requireOpen();
    if (valid.length === 0) return [];
    const before = await this.#headBefore();
    // In order within a stream, at once over streams.
    const last = new Map<string, Promise<AppendResult>>();
    return Promise.all(
      valid.map((append) => {
        const previous = last.get(append.stream);
        const result =
          previous === undefined
            ? this.#append(append, before)
            : previous.then(() => this.#append(append, before));
        last.set(append.stream, result);
        return result;
      }),
    );
  }

  /** The server answers a repeated append like the first time: its position tells whether it was there before. */
  async #append(append: Append, head: Position): Promise<AppendResult> {
    const before = Math.max(head, this.#told);
    const retries = new Retries(`an append to ${append.stream}`, this.#patience);
    for (;;) {
      try {
        const { answer } = this.#patience;
        const result = await inTime(this.#driver.append(append, answer), answer);
        if (result.status === 'wrong-revision') return result;
        const { revision } = result;
        const position = result.position ?? (await this.#positionOf(append.stream, revision));
        this.#told = Math.max(this.#told, position);
        return { status: position > before ? 'appended' : 'duplicate', position, revision };
      } catch (error) {
        await retries.failed(error);
      }
    }
  }

  async #positionOf(stream: string, revision: number): Promise<Position> {
    for await (const { position } of this.readStream(stream, { from: revision, limit: 1 })) return position;
    throw new StoreUnavailableError(`the position of revision ${revision} of ${stream}`, undefined);
  }

  /** The appends of one turn of the event loop share a look at the head. It begins after all of them were called. */
  #headBefore(): Promise<Position> {
    this.#headOfTurn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#headOfTurn = undefined;
      return this.#lastPosition();
    });
    return this.#headOfTurn;
  }

  async *readStream(
    stream: string,
    options: ReadStreamOptions = {},
  ): AsyncGenerator<RecordedEvent, void, void> {
    const { direction = 'forwards', limit = Infinity, signal } = options;
    const backwards = direction === 'backwards';
    let { from } = options;
    let left = limit;
    const retries = new Retries(`a read of ${stream}`, this.#patience);
    while (left > 0) {
      signal?.throwIfAborted();
      this.#requireOpen();
      try {
        const read = this.#driver.readStream(stream, { from, backwards, limit: left });
        for await (const event of stepsInTime(read, this.#patience.answer)) {
          yield event;
          signal?.throwIfAborted();
          left--;
          from = backwards ? event.revision - 1 : event.revision + 1;
          retries.succeeded();
          if (from < 0) return;
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        await retries.failed(error, { ...(signal && { signal }) });
      }
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    const { after = START, limit = Infinity, signal } = options;
    signal?.throwIfAborted();
    const end = await this.head();
    let position = after;
    let left = limit;
    const retries = new Retries('a read of $all', this.#patience);
    while (left > 0 && position < end) {
      signal?.throwIfAborted();
      this.#requireOpen();
      try {
        for await (const event of stepsInTime(
          this.#driver.after(position, Infinity),
          this.#patience.answer,
        )) {
          if (event.position > end) return;
          if (passes(options, event)) {
            yield event;
            signal?.throwIfAborted();
            if (--left <= 0) return;
          }
          position = event.position;
          retries.succeeded();
        }
        return;
      } catch (error) {
        signal?.throwIfAborted();
        await retries.failed(error, { ...(signal && { signal }) });
      }
    }
  }

  /** After a cut it goes on from what was told last, with a longer pause each time, and never gives up. */
  async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage, void, void> {
    this.#requireOpen();
    const { signal } = options;
    const ended = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    yield* new Subscribed(this.#driver, options, this.#patience, ended).messages();
  }

  async head(): Promise<Position> {
    this.#requireOpen();
    return this.#lastPosition();
  }

  /** Of the last event that is ours: the server writes of its own accord. */
  async #lastPosition(): Promise<Position> {
    const retries = new Retries('the last event', this.#patience);
    for (;;) {
      try {
        for (const limit of [1, Infinity]) {
          let none = true;
          for await (const event of stepsInTime(this.#driver.last(limit), this.#patience.answer)) {
            if (passes({}, event)) return event.position;
            none = false;
          }
          if (none) break;
        }
        return START;
      } catch (error) {
        await retries.failed(error);
      }
    }
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw new StoreClosedError();
  }

  /** Subscriptions end. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#driver.close();
  }
}
