import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreClosedError } from '../errors.js';
import {
  START,
  type EventStore,
  type LocalLog,
  type Position,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type SubscribeOptions,
  type SubscriptionMessage,
} from '../event-store.js';
import { FilteredScan } from './filtered-scan.js';
import { LogTable, type EventName } from './log-table.js';
import { Waker } from './waker.js';

/** Events of one stream that are read between two turns of the event loop. */
const STREAM_PAGE = 256;

const defaultFrom = (direction: 'forwards' | 'backwards'): number =>
  direction === 'forwards' ? 0 : Number.MAX_SAFE_INTEGER;

/** Finds events by what they are called. */
export interface EventNames {
  /** Every event of that id, oldest first. */
  find(id: string): EventName[];
  /** Positions in the order asked for, from that revision on; some may be of another stream. */
  positions(stream: string, direction: 'forwards' | 'backwards', from: number): Iterable<Position>;
}

/** The index, by whoever keeps or follows it. */
export interface IndexUse {
  using<T>(work: (names: EventNames) => T): T;
}

/**
 * Every read, on one connection. What can be read is durable: SQLite shows a commit to others after its fsync.
 * The writer and the reader of other threads differ in how they keep the index and how they learn of new events.
 */
export abstract class LogReads implements Omit<EventStore, 'append' | 'close'>, LocalLog {
  protected readonly db: DatabaseSync;
  protected readonly log: LogTable;
  protected readonly waker = new Waker();
  protected closed = false;

  protected constructor(db: DatabaseSync, log: LogTable) {
    this.db = db;
    this.log = log;
  }

  protected abstract readonly index: IndexUse;

  /** How often to look for new events without being told, in milliseconds; absent: never. */
  protected abstract readonly pollEvery: number | undefined;

  /** From one event to the next, in positions, about. */
  protected get gap(): number {
    return 1;
  }

  abstract headPosition(): Position;

  throughPosition(): Position {
    return this.headPosition();
  }

  protected requireOpen(): void {
    if (this.closed) throw new StoreClosedError();
  }

  at(positions: readonly Position[]): (RecordedEvent | undefined)[] {
    this.requireOpen();
    return this.#together(positions.length, () => positions.map((position) => this.log.at(position)));
  }

  after(position: Position, limit: number): RecordedEvent[] {
    this.requireOpen();
    return this.log.after(position, limit);
  }

  stream(stream: string): RecordedEvent[] {
    this.requireOpen();
    return this.#page(stream, 'forwards', 0, Infinity);
  }

  page(stream: string, options: Omit<ReadStreamOptions, 'signal'>): RecordedEvent[] {
    this.requireOpen();
    const { direction = 'forwards', limit = Infinity } = options;
    return limit <= 0 ? [] : this.#page(stream, direction, options.from ?? defaultFrom(direction), limit);
  }

  find(id: string): RecordedEvent[] {
    this.requireOpen();
    const names = this.index.using((index) => index.find(id.toLowerCase()));
    return names.flatMap(({ position }) => this.log.at(position) ?? []);
  }

  positionAt(time: number): Position {
    this.requireOpen();
    let known = START;
    let beyond = this.headPosition() + 1;
    while (beyond - known > 1) {
      const middle = Math.floor((known + beyond) / 2);
      const recordedAt = this.log.recordedAt(middle);
      if (recordedAt === undefined || recordedAt <= time) known = middle;
      else beyond = middle;
    }
    return known;
  }

  async head(): Promise<Position> {
    this.requireOpen();
    return this.headPosition();
  }

  async *readStream(
    stream: string,
    options: ReadStreamOptions = {},
  ): AsyncGenerator<RecordedEvent, void, void> {
    const { direction = 'forwards', limit = Infinity, signal } = options;
    let from = options.from ?? defaultFrom(direction);
    for (let left = limit; left > 0;) {
      signal?.throwIfAborted();
      this.requireOpen();
      const wanted = Math.min(left, STREAM_PAGE);
      const events = this.#page(stream, direction, from, wanted);
      for (const event of events) {
        yield event;
        signal?.throwIfAborted();
      }
      const last = events.at(-1);
      if (last === undefined || events.length < wanted) return;
      left -= events.length;
      from = direction === 'forwards' ? last.revision + 1 : last.revision - 1;
      if (from < 0) return;
      await turn();
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent, void, void> {
    const { after = START, limit = Infinity, signal } = options;
    this.requireOpen();
    const scan = new FilteredScan(this.log, options, this.gap);
    // What comes while it reads is not its own: a reader slower than the writer would never end.
    const end = this.headPosition();
    let position = after;
    for (let left = limit; left > 0 && position < end;) {
      signal?.throwIfAborted();
      this.requireOpen();
      const { events, through } = scan.next(position, end, left);
      for (const event of events) {
        yield event;
        signal?.throwIfAborted();
      }
      left -= events.length;
      position = through;
      await turn();
    }
  }

  /**
   * Every message comes from the log by position, whether it is history or news: there is no switch-over at which one
   * could be lost or doubled. It never reads ahead of its consumer by more than a page.
   */
  async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage, void, void> {
    const { signal } = options;
    this.requireOpen();
    const scan = new FilteredScan(this.log, options, this.gap);
    const over = (): boolean => this.closed || signal?.aborted === true;
    let position = options.after ?? START;
    let caughtUp = false;
    while (!over()) {
      const head = this.headPosition();
      if (head > position) {
        const { events, through } = scan.next(position, head);
        for (const event of events) {
          yield { kind: 'event', event };
          if (over()) return;
        }
        if (through !== events.at(-1)?.position) yield { kind: 'checkpoint', position: through };
        position = through;
        await turn();
      } else if (!caughtUp) {
        caughtUp = true;
        yield { kind: 'caught-up', position };
      } else {
        await this.waker.wait(signal, this.pollEvery);
      }
    }
  }

  #page(stream: string, direction: 'forwards' | 'backwards', from: number, limit: number): RecordedEvent[] {
    return this.index.using((index) => {
      const events: RecordedEvent[] = [];
      for (const position of index.positions(stream, direction, from)) {
        const event = this.log.at(position);
        if (event?.stream !== stream) continue;
        events.push(event);
        if (events.length >= limit) break;
      }
      return events;
    });
  }

  /** Several reads in one read transaction: each alone takes and gives back a lock. */
  #together<T>(reads: number, work: () => T): T {
    if (reads < 2 || this.db.isTransaction) return work();
    this.log.exec('BEGIN');
    try {
      return work();
    } finally {
      this.log.exec('COMMIT');
    }
  }
}
