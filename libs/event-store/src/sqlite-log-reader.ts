import type { EventStore, Position } from './event-store.js';
import { FollowedIndex } from './sqlite/followed-index.js';
import { LogReads } from './sqlite/log-reads.js';
import { LogTable } from './sqlite/log-table.js';
import { logFile, openLogForReading } from './sqlite/schema.js';

/** Milliseconds between two looks for new events where nobody calls `poke`. */
const POLL_EVERY = 50;

/** Bytes that are mapped at most; SQLite takes as much of it as it was built for. */
const MAPPED = 2 ** 40;

/** Reads the log from another thread or process, while it is written. It never writes. */
export class SqliteLogReader extends LogReads implements Omit<EventStore, 'append'> {
  protected readonly index: FollowedIndex;
  protected readonly pollEvery = POLL_EVERY;

  /**
   * `bulk`: for who goes through all of it. The file is read as memory (a disk that fails then ends the process), and what
   * `after` answers as text, which halves the cost of an event that is parsed.
   * Throws `StoreNotFoundError`, `StoreNewerError`, `SqliteTooOldError` or `StoreDamagedError`.
   */
  static open({ folder, bulk = false }: { folder: string; bulk?: boolean }): SqliteLogReader {
    return new SqliteLogReader(folder, bulk);
  }

  private constructor(folder: string, bulk: boolean) {
    const db = openLogForReading(folder);
    if (bulk) db.exec(`PRAGMA mmap_size = ${MAPPED}`);
    super(db, new LogTable(db, logFile(folder), { texts: bulk }));
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
