import { closeSync, fsyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** For a file that is made anew, and thrown away when that fails: every page is written once, and nothing can be rolled back. */
export function startBulk(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;');
}

/** What comes after it is written in the ordinary way. Durable is what is there once the file is closed and synced. */
export function endBulk(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
}

/** After every connection of this process is closed: closing the file here takes SQLite's locks on it away. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
