import { StoreBusyError, StoreClosedError, StoreFailedError, StoreFullError } from './errors.js';
import type { Append, AppendResult, EventStore, Position } from './event-store.js';
import { AppendQueue, type Call } from './sqlite/append-queue.js';
import { pragma, translate } from './sqlite/connection.js';
import { dieOf } from './sqlite/die.js';
import { indexKey } from './sqlite/index-key.js';
import { KeptIndex } from './sqlite/kept-index.js';
import { LogReads } from './sqlite/log-reads.js';
import { LogTable } from './sqlite/log-table.js';
import { logFile, openLogForWriting } from './sqlite/schema.js';
import { makeFolder } from './sync-path.js';
import { validAppend } from './valid-append.js';

/** Pages of the WAL (8 KiB each) after which they are copied into the log. */
const CHECKPOINT_PAGES = 2_000;

export interface SqliteEventStoreOptions {
  /** The data folder; made where it is missing. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** Events after which a thread merges the recent names into the index; default 32,768. */
  readonly mergeAt?: number;
  /** Ceiling of log.db in pages of 8 KiB; beyond it appends are refused with `StoreFullError`. */
  readonly maxPages?: number;
  /** Called when the disk failed an append: nothing after it can be trusted. Default: says so and exits with 74. */
  readonly onFatal?: (error: Error) => void;
}

/**
 * The log on `node:sqlite`, for its one writer. Appends of one turn of the event loop share one transaction and its
 * fsync. SQLite works in the calling thread: give the store a thread of its own.
 */
export class SqliteEventStore extends LogReads implements EventStore {
  protected readonly index: KeptIndex;
  protected readonly pollEvery = undefined;
  readonly #file: string;
  readonly #clock: () => number;
  readonly #onFatal: (error: Error) => void;
  readonly #queue: AppendQueue;
  #head: Position;
  /** Of the last event, milliseconds. */
  #recordedAt: number;
  #walPages = 0;
  #failure: Error | undefined;

  /**
   * Throws `SqliteTooOldError`, `StoreNewerError`, `StoreDamagedError` or `StoreBusyError`, and then has touched nothing.
   */
  static async open(options: SqliteEventStoreOptions): Promise<SqliteEventStore> {
    const { folder, mergeAt = 32_768, maxPages } = options;
    makeFolder(folder);
    const db = openLogForWriting(folder);
    try {
      if (maxPages !== undefined) pragma(db, `max_page_count = ${maxPages}`);
      const index = await KeptIndex.open(folder, new LogTable(db, logFile(folder)), mergeAt);
      return new SqliteEventStore(db, index, options);
    } catch (error) {
      db.close();
      throw translate(error, logFile(folder));
    }
  }

  private constructor(
    db: ConstructorParameters<typeof LogTable>[0],
    index: KeptIndex,
    { folder, clock = Date.now, onFatal = dieOf }: SqliteEventStoreOptions,
  ) {
    super(db, new LogTable(db, logFile(folder)));
    this.index = index;
    this.#file = logFile(folder);
    this.#clock = clock;
    this.#onFatal = onFatal;
    this.#head = this.log.head();
    this.#recordedAt = this.log.recordedAt(this.#head) ?? 0;
    this.#queue = new AppendQueue((calls) => this.#commit(calls));
  }

  headPosition(): Position {
    return this.#head;
  }

  /**
   * Rejects with `InvalidAppendError`, `StoreFullError`, `StoreBusyError` (nothing was written), `StoreClosedError`, or
   * `StoreFailedError` (unknown outcome, the process is ending). The bytes given must not change before the answer.
   */
  async append(appends: readonly Append[]): Promise<AppendResult[]> {
    const valid = appends.map(validAppend);
    if (this.closed) throw new StoreClosedError();
    if (valid.length === 0) return [];
    return this.#queue.add(valid);
  }

  /** One transaction for all of the calls; answers each. */
  async #commit(calls: readonly Call[]): Promise<void> {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.index.room();
      const answers = this.#write(calls);
      calls.forEach((call, i) => call.resolve(answers[i] as AppendResult[]));
      this.waker.wake();
    } catch (error) {
      const failure = this.#judge(error);
      for (const call of calls) call.reject(failure);
      if (!(failure instanceof StoreFullError)) return;
      // What is in the log already makes room in the WAL.
      this.#walPages = CHECKPOINT_PAGES;
    }
    // Answers first: they leave at the end of this turn.
    setImmediate(() => this.#keepHouse());
  }

  #write(calls: readonly Call[]): AppendResult[][] {
    const before = this.#head;
    const now = Math.max(this.#recordedAt, Math.trunc(this.#clock()));
    let head = before;
    let bytes = 0;
    const apply = (append: Append): AppendResult => {
      const result = this.#apply(append, head, now);
      if (result.status === 'appended') {
        head = result.position;
        for (const { data, metadata } of append.events) bytes += data.length + (metadata?.length ?? 0) + 200;
      }
      return result;
    };
    this.log.exec('BEGIN IMMEDIATE');
    try {
      const answers = this.index.together(() => calls.map((call) => call.appends.map(apply)));
      this.log.exec('COMMIT');
      if (head > before) {
        this.#head = head;
        this.#recordedAt = now;
        this.#walPages += 2 + Math.ceil(bytes / 8192);
      }
      return answers;
    } catch (error) {
      this.#rollBack();
      this.index.truncate(before);
      throw error;
    }
  }

  #rollBack(): void {
    // SQLite has done it already after some errors; a rollback that fails has nothing left to undo either.
    if (this.db.isTransaction) this.log.exec('ROLLBACK');
  }

  #apply({ stream, expected, events }: Append, head: Position, now: number): AppendResult {
    const key = indexKey(stream);
    const last = this.index.using((names) => names.last(stream, key));
    const actual = last?.revision ?? -1;
    if (last !== undefined) {
      const known = events.flatMap(({ id }) => {
        const found = this.index.using((names) => names.find(id));
        return found.find((name) => name.stream === stream) ?? [];
      });
      if (known.length === events.length) {
        const latest = known.reduce((a, b) => (b.position > a.position ? b : a));
        return { status: 'duplicate', position: latest.position, revision: latest.revision };
      }
      if (known.length > 0) return { status: 'wrong-revision', actual };
    }
    if (expected !== 'any' && (expected === 'no-stream' ? -1 : expected) !== actual) {
      return { status: 'wrong-revision', actual };
    }
    let position = head;
    let revision = actual;
    for (const event of events) {
      this.log.insert(++position, stream, ++revision, now, event);
      this.index.add({ position, stream, revision, id: event.id }, key);
    }
    return { status: 'appended', position, revision };
  }

  /** What the caller is told. A failure of the disk ends the store: a page that was not written can look written. */
  #judge(error: unknown): unknown {
    if (this.#failure !== undefined || error instanceof StoreFullError || error instanceof StoreBusyError)
      return error;
    const failure = error instanceof StoreFailedError ? error : new StoreFailedError(this.#file, error);
    this.#failure = failure;
    this.#onFatal(failure);
    return failure;
  }

  /** Between transactions: the WAL goes into the log, and recent names into the index. */
  #keepHouse(): void {
    if (this.closed || this.#failure !== undefined) return;
    try {
      this.index.settle();
      if (this.#walPages < CHECKPOINT_PAGES) return;
      this.#walPages = 0;
      this.log.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      this.#judge(error);
    }
  }

  /** Answers what was sent, then closes. Subscriptions end. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.waker.wake();
    await this.#queue.drained();
    await this.index.close();
    // Closing the last connection puts the whole WAL into the log.
    this.db.close();
  }
}
