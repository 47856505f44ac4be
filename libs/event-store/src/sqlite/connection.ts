import { DatabaseSync } from 'node:sqlite';
import {
  SqliteTooOldError,
  StoreBusyError,
  StoreDamagedError,
  StoreFailedError,
  StoreFullError,
  StoreNotFoundError,
} from '../errors.js';

/** The first release without the WAL-reset bug. */
export const LEAST_SQLITE = '3.51.3';

/** How long a connection waits for a lock, in milliseconds: recovery after a kill holds one for a moment. */
const LOCK_TIMEOUT = 5_000;

/** Throws `SqliteTooOldError` below `LEAST_SQLITE`. */
export function requireSqlite(version: string): void {
  const found = version.split('.').map(Number);
  const least = LEAST_SQLITE.split('.').map(Number);
  for (let i = 0; i < least.length; i++) {
    const difference = (found[i] ?? 0) - (least[i] ?? 0);
    if (difference > 0) return;
    if (difference < 0) throw new SqliteTooOldError(version, LEAST_SQLITE);
  }
}

/** A connection whose SQLite is good enough. Errors of SQLite come out translated. */
export function connect(path: string, readOnly: boolean): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly, timeout: LOCK_TIMEOUT });
    requireSqlite(String(db.prepare('SELECT sqlite_version() AS version').get()?.['version']));
    return db;
  } catch (error) {
    db?.close();
    throw translate(error, path);
  }
}

/** The integer that a pragma answers with. */
export function pragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get();
  return Number(row === undefined ? 0 : Object.values(row)[0]);
}

const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;
/** Making room for the shared memory file failed: what a full disk looks like from there. */
const IO_SHM_SIZE = 4874;
/** A connection that cannot write met a file whose making, before it had a WAL, was cut short. */
const READONLY_ROLLBACK = 776;

function errorCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** SQLite's errors as ours, with their cause; any other error as it is. */
export function translate(error: unknown, file: string): unknown {
  const code = errorCode(error);
  if (code === undefined) return error;
  if (code === READONLY_ROLLBACK) return new StoreNotFoundError(file, error);
  if (code === IO_SHM_SIZE) return new StoreFullError(file, error);
  switch (code & 0xff) {
    case FULL:
      return new StoreFullError(file, error);
    case BUSY:
      return new StoreBusyError(file, error);
    case CORRUPT:
    case NOT_A_DATABASE:
      return new StoreDamagedError(file, error);
    default:
      return new StoreFailedError(file, error);
  }
}
