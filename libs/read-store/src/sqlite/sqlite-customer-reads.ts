import type { LocalLog } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { OpenedLog, type LogRows } from '../customers/opened-log.js';
import { StoredCustomerReads } from '../customers/stored-customer-reads.js';
import type { Views } from '../customers/view.js';
import { LiveModels } from './live-models.js';
import { SqliteCustomerRows } from './sqlite-customer-rows.js';

export interface CustomerReadsOptions {
  readonly folder: string;
  readonly log: LocalLog;
  readonly vault: Vault;
  readonly now: () => number;
  /** The models to read; those of the folder unless others are given. */
  readonly models?: LiveModels;
}

/** Customers as the embedded read models have them. */
export class SqliteCustomerReads extends StoredCustomerReads {
  private readonly models: LiveModels;

  constructor({ folder, log, vault, now, models = new LiveModels(folder) }: CustomerReadsOptions) {
    const opened = new OpenedLog(localRows(log), vault);
    const read: Views['read'] = (work) =>
      work({ rows: new SqliteCustomerRows(models.customers), words: models.search, opened });
    super({ read }, vault, now);
    this.models = models;
  }

  /** Reads the models that are live now: another build may have been switched to. */
  refresh(): void {
    this.models.refresh();
    this.forget();
  }

  close(): void {
    this.models.close();
  }
}

/** A log on this disk answers at once. */
export const localRows = (log: Pick<LocalLog, 'at' | 'stream'>): LogRows => ({
  at: async (positions) => log.at(positions),
  stream: async (stream) => log.stream(stream),
});
