import { StoreBusyError } from '../errors.js';
import type { Position } from '../event-store.js';
import { IndexFile, IndexUnusableError } from './index-file.js';
import { mergeIndex } from './index-merge.js';
import { IndexTail } from './index-tail.js';
import { LogIndex, extend, type IndexParts } from './log-index.js';
import type { EventName, LogTable } from './log-table.js';
import { runMerge } from './run-merge.js';
import { indexFile } from './schema.js';

/** So many tails in memory, the growing one included, make an append wait for the merge. */
const MOST_TAILS = 6;

/**
 * The index as the log's one writer keeps it: new names stay in memory, in tails of `mergeAt` events, until a short
 * thread has merged them into log-index.db. The file is only ever made from the log; without it, or with one that is
 * damaged or knows more than the log, it is made again.
 */
export class KeptIndex {
  readonly names: LogIndex;
  readonly #folder: string;
  readonly #log: LogTable;
  readonly #mergeAt: number;
  #file: IndexFile;
  #tails: IndexTail[];
  #merge: Promise<void> | undefined;
  #failed = false;

  static async open(folder: string, log: LogTable, mergeAt: number): Promise<KeptIndex> {
    const indexed = usableUpTo(folder, log);
    const upTo = log.head();
    const merge = (rebuild: boolean, missing: number): Promise<void> | void =>
      missing > mergeAt ? runMerge({ folder, upTo, rebuild }) : mergeIndex({ folder, upTo, rebuild });
    if (indexed === undefined) await merge(true, upTo);
    else if (upTo - indexed > mergeAt) {
      try {
        await merge(false, upTo - indexed);
      } catch (error) {
        if (!(error instanceof IndexUnusableError)) throw error;
        await merge(true, upTo);
      }
    }
    return new KeptIndex(folder, log, mergeAt);
  }

  private constructor(folder: string, log: LogTable, mergeAt: number) {
    this.#folder = folder;
    this.#log = log;
    this.#mergeAt = mergeAt;
    this.#file = IndexFile.open(folder);
    this.#tails = [this.#reload()];
    const parts = (): IndexParts => ({ file: this.#file, tails: this.#tails });
    this.names = new LogIndex(log, parts);
  }

  #reload(): IndexTail {
    const tail = new IndexTail(this.#file.indexed(this.#log));
    extend(tail, this.#log);
    return tail;
  }

  get #growing(): IndexTail {
    return this.#tails.at(-1) as IndexTail;
  }

  /** Of an event that was written after the last one that it knows. */
  add(event: EventName, streamKey: number): void {
    this.#growing.add(event, streamKey);
  }

  /** Forgets what was added after the position: it was rolled back. */
  truncate(position: Position): void {
    this.#growing.truncate(position);
  }

  /** Call it between transactions: starts a merge when enough has come together. */
  settle(): void {
    const full = this.#growing.size >= this.#mergeAt;
    if (full) this.#tails.push(new IndexTail(this.#growing.last));
    // After a failure the next full tail is soon enough.
    if (this.#tails.length > 1 && this.#merge === undefined && (full || !this.#failed)) this.#startMerge();
  }

  #startMerge(): void {
    const upTo = this.#growing.base;
    this.#merge = runMerge({ folder: this.#folder, upTo, rebuild: false })
      .then(() => {
        this.#failed = false;
        this.#tails = this.#tails.filter((tail) => tail.base >= upTo);
      })
      .catch((error: unknown) => {
        this.#failed = true;
        throw error;
      })
      .finally(() => {
        this.#merge = undefined;
      });
    // Whoever has to wait for room sees the failure; else the next merge makes good for it.
    this.#merge.catch(() => undefined);
  }

  /** Resolves when there is room in memory for more names; rejects where the disk has none for the merge. */
  async room(): Promise<void> {
    while (this.#tails.length >= MOST_TAILS) {
      if (this.#merge === undefined) this.#startMerge();
      try {
        await this.#merge;
      } catch (error) {
        if (!(error instanceof IndexUnusableError)) throw error;
        this.#rebuild(error);
      }
    }
  }

  /** Runs it with one read lock on the file for all that it looks up. */
  together<T>(work: () => T): T {
    this.using(() => this.#file.hold());
    try {
      return work();
    } finally {
      this.#file.release();
    }
  }

  /** Runs it, and once more with a new index where the present one turned out to be damaged. */
  using<T>(work: (names: LogIndex) => T): T {
    try {
      return work(this.names);
    } catch (error) {
      if (!(error instanceof IndexUnusableError)) throw error;
      this.#rebuild(error);
      return work(this.names);
    }
  }

  #rebuild(cause: unknown): void {
    // Taking the file from under a thread that is opening it could mix the old one with the new one's WAL.
    if (this.#merge !== undefined) throw new StoreBusyError(indexFile(this.#folder), cause);
    this.#file.close();
    mergeIndex({ folder: this.#folder, upTo: this.#log.head(), rebuild: true });
    this.#file = IndexFile.open(this.#folder);
    this.#tails = [this.#reload()];
  }

  /** Waits for the merge that runs. */
  async close(): Promise<void> {
    await this.#merge?.catch(() => undefined);
    this.#file.close();
  }
}

/** How far the index file can be trusted; `undefined` where it must be made again. */
function usableUpTo(folder: string, log: LogTable): Position | undefined {
  let file: IndexFile | undefined;
  try {
    file = IndexFile.open(folder);
    return file.indexed(log);
  } catch (error) {
    if (error instanceof IndexUnusableError) return undefined;
    throw error;
  } finally {
    file?.close();
  }
}
