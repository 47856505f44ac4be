import { START } from '../event-store.js';
import { IndexFile, IndexUnusableError } from './index-file.js';
import { IndexTail } from './index-tail.js';
import { LogIndex, extend, type IndexParts } from './log-index.js';
import type { LogTable } from './log-table.js';

/** A tail of this size is worth asking whether the index has come further. */
const LONG_TAIL = 50_000;

/**
 * The index as a reader follows it, in another thread or process than the writer: what log-index.db does not hold yet
 * it reads from the log into memory, when it is asked for a stream. Where the file is lost, that is all of the log,
 * until the writer has made it again.
 */
export class FollowedIndex {
  readonly #folder: string;
  readonly #log: LogTable;
  readonly #names: LogIndex;
  #file: IndexFile | undefined;
  #tail = new IndexTail(START);
  #worthAsking = 0;

  constructor(folder: string, log: LogTable) {
    this.#folder = folder;
    this.#log = log;
    this.#names = new LogIndex(log, (): IndexParts => ({ file: this.#file, tails: [this.#tail] }));
  }

  /** Runs it over an index that knows all of the log. */
  using<T>(work: (names: LogIndex) => T): T {
    try {
      this.#follow();
      return work(this.#names);
    } catch (error) {
      if (!(error instanceof IndexUnusableError)) throw error;
      this.#drop();
      extend(this.#tail, this.#log);
      return work(this.#names);
    }
  }

  #follow(): void {
    if (this.#file === undefined || this.#tail.size >= this.#worthAsking) this.#advance();
    extend(this.#tail, this.#log);
  }

  #advance(): void {
    if (this.#file?.replaced()) this.#drop();
    try {
      this.#file ??= IndexFile.open(this.#folder);
      const position = this.#file.indexed(this.#log);
      if (position > this.#tail.base) this.#tail = new IndexTail(position);
    } catch (error) {
      if (!(error instanceof IndexUnusableError)) throw error;
      this.#drop();
    }
    this.#worthAsking = this.#tail.size + LONG_TAIL;
  }

  #drop(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#tail = new IndexTail(START);
  }

  close(): void {
    this.#file?.close();
  }
}
