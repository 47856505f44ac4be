import type { EventStore, Position } from './event-store.js';
import { FollowedIndex } from './sqlite/followed-index.js';
import { LogReads } from './sqlite/log-reads.js';
import { LogTable } from './sqlite/log-table.js';
import { logFile, openLogForReading } from './sqlite/schema.js';

/** Milliseconds between two looks for new events where nobody calls `poke`. */
const POLL_EVERY = 50;

/** Reads the log from another thread or process, while it is written. It never writes. */
export class SqliteLogReader extends LogReads implements Omit<EventStore, 'append'> {
  protected readonly index: FollowedIndex;
  protected readonly pollEvery = POLL_EVERY;

  /** Throws `StoreNotFoundError`, `StoreNewerError`, `SqliteTooOldError` or `StoreDamagedError`. */
  static open({ folder }: { readonly folder: string }): SqliteLogReader {
    return new SqliteLogReader(folder);
  }

  private constructor(folder: string) {
    const db = openLogForReading(folder);
    super(db, new LogTable(db, logFile(folder)));
    this.index = new FollowedIndex(folder, this.log);
  }

  headPosition(): Position {
    this.requireOpen();
    return this.log.head();
  }

  /** Something was appended: subscriptions look at once instead of within 50 ms. */
  poke(): void {
    this.waker.wake();
  }

  /** Subscriptions end. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.waker.wake();
    this.index.close();
    this.db.close();
  }
}
