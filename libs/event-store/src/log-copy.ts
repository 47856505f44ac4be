import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { LogForeignError } from './errors.js';
import {
  START,
  type EventStore,
  type Position,
  type RecordedEvent,
  type SubscriptionMessage,
} from './event-store.js';
import { translate } from './sqlite/connection.js';
import { CopyNames } from './sqlite/copy-names.js';
import { LogReads } from './sqlite/log-reads.js';
import { LogTable } from './sqlite/log-table.js';
import { copyFile, openCopy } from './sqlite/schema.js';

/** Events that are written in one transaction, at most: as many as lie at hand. */
const BATCH = 512;

/**
 * Milliseconds from one transaction to the next, where there is room in it: what comes one by one, but often, is
 * written and told of together. What comes alone does not wait.
 */
const PACE = 20;

/** An event of the cluster's log that is not in the copy: one of its id came before. */
export interface PassedOver {
  readonly position: Position;
  readonly stream: string;
  readonly id: string;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  /** Where the event lies that has the id. */
  readonly first: Position;
}

/**
 * A cluster's log on the disk of one service, kept up to date by following it: what a service asks of the log one event
 * at a time costs no round trip. Positions are the cluster's. It can be thrown away at any time.
 *
 * An id is in it once, as in a log that is written by one process: a cluster's store takes the same `source` and `id`
 * under another `object` into another stream, and of the two the later is passed over, here as everywhere.
 */
export class LogCopy extends LogReads implements Omit<EventStore, 'append'> {
  protected readonly index: CopyNames;
  protected readonly pollEvery = undefined;
  readonly #file: string;
  #through: Position;
  #events: number;

  /** Throws `StoreDamagedError`, `StoreFailedError`, `StoreFullError`. One process a folder: the caller holds its lock. */
  static open({ folder }: { readonly folder: string }): LogCopy {
    return new LogCopy(folder);
  }

  private constructor(folder: string) {
    const db = openCopy(folder);
    super(db, new LogTable(db, copyFile(folder), { dense: false }));
    this.#file = copyFile(folder);
    this.index = new CopyNames(db);
    const { position, events } = this.db.prepare('SELECT position, events FROM copied').get() as {
      position: number;
      events: number;
    };
    this.#through = position;
    this.#events = events;
  }

  /** The last event that it has. */
  headPosition(): Position {
    this.requireOpen();
    return this.log.head();
  }

  /** Everything up to here is in it, or was passed over. */
  override throughPosition(): Position {
    return this.#through;
  }

  protected override get gap(): number {
    return Math.max(1, Math.ceil(this.#through / Math.max(1, this.#events)));
  }

  /** What was passed over, oldest first. */
  passedOver(after: Position = START): PassedOver[] {
    this.requireOpen();
    return this.db
      .prepare(
        `SELECT position, stream, id, type, recorded_at AS recordedAt, first FROM passed_over
         WHERE position > ? ORDER BY position`,
      )
      .all(after) as unknown as PassedOver[];
  }

  /**
   * Follows the store until the signal is aborted or the copy is closed; `onCopied` is told how far the copy is after each
   * transaction. A store that was down is waited for (`EventStore.subscribe`).
   * @throws LogForeignError where the copy is of another log: remove the folder, and everything that was made of it
   */
  async follow(
    store: Pick<EventStore, 'subscribe' | 'readAll' | 'head'>,
    { signal, onCopied }: { readonly signal: AbortSignal; readonly onCopied: (through: Position) => void },
  ): Promise<void> {
    await this.#requireOf(store);
    const messages = store.subscribe({ after: this.#through, signal })[Symbol.asyncIterator]();
    try {
      let next = messages.next();
      for (let taken = -Infinity; ;) {
        const batch: SubscriptionMessage[] = [];
        let result: IteratorResult<SubscriptionMessage> | undefined = await next;
        const rest = taken + PACE - performance.now();
        const due = rest > 0 ? delay(rest, undefined) : undefined;
        while (result !== undefined) {
          if (result.done === true) return;
          batch.push(result.value);
          next = messages.next();
          result = batch.length < BATCH ? await Promise.race([next, due ?? turn(undefined)]) : undefined;
        }
        if (this.closed) return;
        taken = performance.now();
        this.#take(batch);
        onCopied(this.#through);
        this.waker.wake();
      }
    } finally {
      await messages.return?.();
    }
  }

  /** Subscriptions end. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.waker.wake();
    this.db.close();
  }

  async #requireOf(store: Pick<EventStore, 'readAll' | 'head'>): Promise<void> {
    const [ours] = this.log.rows(this.log.prepareEvents('position > 0 ORDER BY position LIMIT 1'));
    if (ours === undefined) return;
    const mine = this.log.event(ours);
    let theirs: RecordedEvent | undefined;
    for await (const event of store.readAll({ limit: 1 })) theirs = event;
    if (
      theirs?.id !== mine.id ||
      theirs.position !== mine.position ||
      (await store.head()) < this.headPosition()
    )
      throw new LogForeignError(this.#file);
  }

  #take(messages: readonly SubscriptionMessage[]): void {
    try {
      this.db.exec('BEGIN IMMEDIATE');
      for (const message of messages) if (message.kind === 'event') this.#add(message.event);
      const last = messages.at(-1);
      const through =
        last === undefined ? this.#through : last.kind === 'event' ? last.event.position : last.position;
      this.db.prepare('UPDATE copied SET position = ?, events = ?').run(through, this.#events);
      this.db.exec('COMMIT');
      this.#through = Math.max(this.#through, through);
    } catch (error) {
      if (this.db.isOpen && this.db.isTransaction) this.db.exec('ROLLBACK');
      throw translate(error, this.#file);
    }
  }

  #add(event: RecordedEvent): void {
    const { position, stream, revision, id, type, recordedAt } = event;
    const [known] = this.index.find(id);
    if (known === undefined) {
      this.log.insert(position, stream, revision, recordedAt, event);
      this.#events++;
      return;
    }
    if (known.position === position) return;
    this.db
      .prepare('INSERT OR IGNORE INTO passed_over VALUES (?, ?, ?, ?, ?, ?)')
      .run(position, stream, id, type, recordedAt, known.position);
  }
}
