import { rmSync, statSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { START, type Position } from '../event-store.js';
import { connect, pragma } from './connection.js';
import type { LogTable } from './log-table.js';
import { INDEX_VERSION, indexFile } from './schema.js';

/** The index cannot be used; whoever keeps it builds it again from the log. */
export class IndexUnusableError extends Error {
  constructor(cause: unknown) {
    super('log-index.db cannot be used', { cause });
    this.name = 'IndexUnusableError';
  }
}

/** Removes the index. Its WAL goes along: it would be taken for that of the next one. */
export function removeIndex(folder: string): void {
  for (const suffix of ['-wal', '-shm', '']) rmSync(`${indexFile(folder)}${suffix}`, { force: true });
}

/** A read-only connection to log-index.db. Whatever goes wrong in it is an `IndexUnusableError`. */
export class IndexFile {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #inode: number;
  readonly #begin: StatementSync;
  readonly #indexed: StatementSync;
  readonly #newest: StatementSync;
  readonly #forwards: StatementSync;
  readonly #backwards: StatementSync;
  readonly #ids: StatementSync;

  /** Throws `IndexUnusableError` where there is none that this code can use. */
  static open(folder: string): IndexFile {
    const path = indexFile(folder);
    let db: DatabaseSync | undefined;
    try {
      const inode = statSync(path).ino;
      db = connect(path, true);
      const version = pragma(db, 'user_version');
      if (version !== INDEX_VERSION) throw new Error(`version ${version}`);
      const file = new IndexFile(db, path, inode);
      if (file.replaced()) throw new Error('it was being made again');
      return file;
    } catch (error) {
      db?.close();
      throw new IndexUnusableError(error);
    }
  }

  private constructor(db: DatabaseSync, path: string, inode: number) {
    this.#db = db;
    this.#path = path;
    this.#inode = inode;
    db.exec('PRAGMA cache_size = -8192');
    const prepare = (sql: string): StatementSync => {
      const statement = db.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    this.#begin = prepare('BEGIN');
    this.#indexed = prepare('SELECT position, hash FROM indexed');
    this.#newest = prepare(
      'SELECT position FROM streams WHERE key = ? AND position <= ? ORDER BY revision DESC, position DESC LIMIT ?',
    );
    this.#forwards = prepare(
      `SELECT revision, position FROM streams WHERE key = ? AND (revision, position) > (?, ?) AND position <= ?
       ORDER BY revision, position LIMIT ?`,
    );
    this.#backwards = prepare(
      `SELECT revision, position FROM streams WHERE key = ? AND (revision, position) < (?, ?) AND position <= ?
       ORDER BY revision DESC, position DESC LIMIT ?`,
    );
    this.#ids = prepare('SELECT position FROM ids WHERE key = ? AND position <= ? ORDER BY position');
  }

  #rows(statement: StatementSync, ...parameters: SQLInputValue[]): readonly (readonly number[])[] {
    try {
      return statement.all(...parameters) as unknown as readonly (readonly number[])[];
    } catch (error) {
      throw new IndexUnusableError(error);
    }
  }

  /** The last position that it holds. Throws where it knows more than the log, or is that of another log. */
  indexed(log: LogTable): Position {
    const row = this.#rows(this.#indexed)[0] as unknown as readonly [number, string] | undefined;
    if (row === undefined) throw new IndexUnusableError('it does not say what it holds');
    const [position, hash] = row;
    if (position !== START && log.hashAt(position) !== hash)
      throw new IndexUnusableError('it is of another log');
    return position;
  }

  /** The newest position under a stream's key. */
  newest(key: number, upTo: Position): Position | undefined {
    try {
      const row = this.#newest.get(key, upTo, 1) as unknown as readonly number[] | undefined;
      return row?.[0];
    } catch (error) {
      throw new IndexUnusableError(error);
    }
  }

  /** Every position under a stream's key. */
  allNewestFirst(key: number, upTo: Position): Position[] {
    return this.#rows(this.#newest, key, upTo, -1).map((row) => row[0] as number);
  }

  /** `[revision, position]` under a stream's key, beyond the given one in that direction. */
  page(
    key: number,
    direction: 'forwards' | 'backwards',
    beyond: readonly [revision: number, position: Position],
    upTo: Position,
    limit: number,
  ): readonly (readonly [revision: number, position: Position])[] {
    const statement = direction === 'forwards' ? this.#forwards : this.#backwards;
    const rows = this.#rows(statement, key, beyond[0], beyond[1], upTo, limit);
    return rows as unknown as readonly (readonly [number, number])[];
  }

  /** The positions under an event id's key, oldest first. */
  ids(key: number, upTo: Position): Position[] {
    return this.#rows(this.#ids, key, upTo).map((row) => row[0] as number);
  }

  /** Until `release`, reads see one moment and take no lock each. */
  hold(): void {
    this.#rows(this.#begin);
  }

  release(): void {
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  /** Another file lies at its path by now: it was built again. */
  replaced(): boolean {
    try {
      return statSync(this.#path).ino !== this.#inode;
    } catch {
      return true;
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }
}
