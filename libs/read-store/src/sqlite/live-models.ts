import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openModel } from './customers-model.js';
import { CustomerStatements } from './customer-statements.js';
import { CUSTOMERS, earlierPart, readModels, SEARCH } from './models.js';
import { WordsIndex } from '../search/words-index.js';

/** There is no read model yet: nothing was projected in this folder. */
export class NoReadModelError extends Error {
  readonly code = 'no-read-model';
  readonly retriable = true;
  constructor(folder: string) {
    super(`there is no read model in ${folder} yet`);
    this.name = 'NoReadModelError';
  }
}

/** The read models that are live, opened for reading. */
export class LiveModels {
  private current:
    | { files: string; customers: CustomerStatements; search: WordsIndex; databases: DatabaseSync[] }
    | undefined;

  constructor(private readonly folder: string) {}

  get customers(): CustomerStatements {
    return this.open().customers;
  }

  get search(): WordsIndex {
    return this.open().search;
  }

  /** Opens what is live now, if that is another build. */
  refresh(): void {
    const models = readModels(this.folder);
    const files = `${models[CUSTOMERS]?.live}/${models[SEARCH]?.live}`;
    if (this.current !== undefined && this.current.files !== files) this.close();
  }

  /** Up to where both models are; 0 where one of them is missing or lost its first writes to a power cut. */
  checkpoint(): number {
    const models = readModels(this.folder);
    const files = [models[CUSTOMERS]?.live, models[SEARCH]?.live].map((file) =>
      join(this.folder, file ?? ''),
    );
    const isWritten = (file: string): boolean => {
      const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
      try {
        return database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`).get() !== undefined;
      } finally {
        database.close();
      }
    };
    const isThere = (file: string): boolean => existsSync(file) && statSync(file).isFile();
    if (!files.every((file) => isThere(file) && isWritten(file))) return 0;
    return Math.min(this.customers.checkpoint(), this.search.checkpoint());
  }

  /** Holds every read to the present state of the models until the answer is called: a snapshot beside a writer. */
  hold(): () => void {
    const { databases } = this.open();
    for (const database of databases) {
      database.exec('BEGIN');
      database.prepare('SELECT count(*) FROM meta').get();
    }
    return () => {
      for (const database of databases) database.exec('COMMIT');
    };
  }

  private open(): NonNullable<typeof this.current> {
    if (this.current !== undefined) return this.current;
    const models = readModels(this.folder);
    const [customers, search] = [models[CUSTOMERS]?.live, models[SEARCH]?.live];
    if (customers === undefined || search === undefined) throw new NoReadModelError(this.folder);
    const open = (file: string): ReturnType<typeof openModel> =>
      openModel(join(this.folder, file), { schema: '', readOnly: true });
    const one = open(customers);
    const earlier = earlierPart(search);
    const parts = [...(existsSync(join(this.folder, earlier)) ? [open(earlier)] : []), open(search)];
    this.current = {
      files: `${customers}/${search}`,
      customers: new CustomerStatements(one),
      search: new WordsIndex(parts),
      databases: [one, ...parts],
    };
    return this.current;
  }

  close(): void {
    for (const database of this.current?.databases ?? []) database.close();
    this.current = undefined;
  }
}
