import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { JsonObject } from '@threadline/domain/canonical-json';

export interface NumberedRow {
  readonly row: JsonObject;
  /** From 1. */
  readonly line: number;
}

/**
 * Rows in groups that may lie anywhere in a file of any size: kept in SQLite's private temporary database, which spills
 * to an unlinked file beyond its cache and is gone when it is closed.
 */
export class GroupedRows {
  private readonly database = new DatabaseSync('');
  private readonly insert: StatementSync;

  constructor() {
    this.database.exec(
      `PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;
       CREATE TABLE rows (line INTEGER PRIMARY KEY, key TEXT NOT NULL, row TEXT NOT NULL);
       BEGIN`,
    );
    this.insert = this.database.prepare('INSERT INTO rows (line, key, row) VALUES (?, ?, ?)');
  }

  add(key: string, { row, line }: NumberedRow): void {
    this.insert.run(line, key, JSON.stringify(row));
  }

  /** Every group, in the order of its first row; the rows in theirs. */
  *groups(): Generator<NumberedRow[]> {
    this.database.exec(
      `CREATE INDEX by_key ON rows (key, line);
       CREATE TABLE firsts AS SELECT min(line) AS first, key FROM rows GROUP BY key ORDER BY first`,
    );
    const firsts = this.database.prepare('SELECT key FROM firsts ORDER BY rowid');
    const rows = this.database.prepare('SELECT line, row FROM rows WHERE key = ? ORDER BY line');
    for (const group of firsts.iterate()) {
      yield rows.all(group['key'] as string).map(({ line, row }) => ({
        line: Number(line),
        row: JSON.parse(String(row)) as JsonObject,
      }));
    }
  }

  close(): void {
    this.database.close();
  }
}
