import type { LocalLog, Position } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { OpenedLog } from '../customers/opened-log.js';
import { StoredCustomerReads } from '../customers/stored-customer-reads.js';
import type { WordsIndex } from '../search/words-index.js';
import { localRows } from '../sqlite/sqlite-customer-reads.js';
import { PATIENCE, RedisDriver, type Patience } from './driver.js';
import { RedisViews } from './redis-views.js';
import { modelName } from './redis-publisher.js';

export interface RedisCustomerReadsOptions {
  /** `redis://` or `rediss://`; of a cluster any node. */
  readonly url: string;
  /** As the publisher has it. */
  readonly name?: string;
  /** This process's copy of the log. */
  readonly log: Pick<LocalLog, 'at' | 'stream'>;
  /** Resolves when the copy holds everything up to there; rejects with what is to be answered instead. */
  readonly reached: (position: Position) => Promise<void>;
  /** This process's search index. */
  readonly words: () => WordsIndex;
  readonly vault: Vault;
  readonly now: () => number;
  readonly patience?: Patience;
}

/** Customers as a Redis has them: rows from there, events and words from this process's own files. */
export class RedisCustomerReads extends StoredCustomerReads {
  private constructor(
    private readonly driver: RedisDriver,
    { name, log, reached, words, vault, now }: RedisCustomerReadsOptions,
  ) {
    const opened = new OpenedLog(localRows(log), vault);
    super(new RedisViews(driver, modelName(name), { opened, words, reached }), vault, now);
  }

  /** @throws ReadStoreBusyError, ReadStoreSettingsError */
  static async open(options: RedisCustomerReadsOptions): Promise<RedisCustomerReads> {
    return new RedisCustomerReads(
      await RedisDriver.connect(options.url, options.patience ?? PATIENCE),
      options,
    );
  }

  close(): void {
    this.driver.close();
  }
}
