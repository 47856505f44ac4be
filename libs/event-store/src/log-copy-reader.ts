import type { EventStore, Position } from './event-store.js';
import { CopyNames } from './sqlite/copy-names.js';
import { LogReads } from './sqlite/log-reads.js';
import { LogTable } from './sqlite/log-table.js';
import { copyFile, openCopyForReading } from './sqlite/schema.js';

/** Milliseconds between two looks for new events. */
const POLL_EVERY = 50;

/** Reads a service's copy of a cluster's log from another process, while it is written. It never writes. */
export class LogCopyReader extends LogReads implements Omit<EventStore, 'append'> {
  protected readonly index: CopyNames;
  protected readonly pollEvery = POLL_EVERY;
  readonly #copied: () => Position;

  /** Throws `StoreNotFoundError` (also where the copy is of another version: it is made again), `StoreDamagedError`. */
  static open({ folder }: { readonly folder: string }): LogCopyReader {
    return new LogCopyReader(openCopyForReading(folder), folder);
  }

  private constructor(db: ReturnType<typeof openCopyForReading>, folder: string) {
    super(db, new LogTable(db, copyFile(folder), { dense: false }));
    this.index = new CopyNames(db);
    const copied = db.prepare('SELECT position FROM copied');
    this.#copied = () => Number(copied.get()?.['position'] ?? 0);
  }

  headPosition(): Position {
    this.requireOpen();
    return this.log.head();
  }

  override throughPosition(): Position {
    this.requireOpen();
    return this.#copied();
  }

  /** Subscriptions end. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.waker.wake();
    this.db.close();
  }
}
