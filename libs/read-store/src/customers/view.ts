import type { WordsIndex } from '../search/words-index.js';
import type { CustomerRows } from './customer-rows.js';
import type { OpenedLog } from './opened-log.js';

/** What a read is answered from. */
export interface View {
  readonly rows: CustomerRows;
  readonly words: WordsIndex;
  readonly opened: OpenedLog;
}

/** Where reads get their view from. */
export interface Views {
  /** Answers a read from one state of the model; `work` may be run again where the model moved meanwhile. */
  read<T>(work: (view: View) => Promise<T>): Promise<T>;
}
