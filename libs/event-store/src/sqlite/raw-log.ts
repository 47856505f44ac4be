import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Append } from '../event-store.js';
import { logFile } from './schema.js';

/** What a log on SQLite costs without any of our guarantees but durability and two unique indexes. */
export class RawLog {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT, revision INTEGER, id TEXT UNIQUE, type TEXT,
        recorded_at INTEGER, data BLOB, UNIQUE (stream, revision))`);
    this.#insert = this.#db.prepare(
      'INSERT INTO events (stream, revision, id, type, recorded_at, data) VALUES (?, ?, ?, ?, ?, ?)',
    );
  }

  append(appends: readonly Append[]): void {
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { stream, events } of appends) {
      events.forEach(({ id, type, data }, i) => this.#insert.run(stream, i, id, type, Date.now(), data));
    }
    this.#db.exec('COMMIT');
  }

  close(): void {
    this.#db.close();
  }
}

/** The rows of our own log as SQLite gives them, unchecked. */
export class RawRows {
  readonly #db: DatabaseSync;
  readonly #page: StatementSync;
  readonly #one: StatementSync;

  constructor(folder: string) {
    this.#db = new DatabaseSync(logFile(folder), { readOnly: true });
    const columns = 'position, stream, revision, id, type, recorded_at, hash, data, metadata';
    this.#page = this.#db.prepare(
      `SELECT ${columns} FROM events WHERE position > ? ORDER BY position LIMIT ?`,
    );
    this.#one = this.#db.prepare(`SELECT ${columns} FROM events WHERE position = ?`);
    this.#page.setReturnArrays(true);
    this.#one.setReturnArrays(true);
  }

  page(after: number, limit: number): unknown {
    return this.#page.all(after, limit);
  }

  at(position: number): unknown {
    return this.#one.get(position);
  }

  close(): void {
    this.#db.close();
  }
}
