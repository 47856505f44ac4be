import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { StoreNewerError, StoreNotFoundError } from '../errors.js';
import { connect, pragma, translate } from './connection.js';

/** `user_version` of log.db. */
export const LOG_VERSION = 1;

/** `user_version` of log-index.db; it is derived, so another version is simply built again. */
export const INDEX_VERSION = 1;

/** The append-only log in a data folder. */
export const logFile = (folder: string): string => join(folder, 'log.db');

/** What finds event ids and streams in the log; derived from it. */
export const indexFile = (folder: string): string => join(folder, 'log-index.db');

/** The bulk of the log lies in this category; every other one is in the partial index. */
export const BULK_PREFIX = 'interaction-';

/** The category to store: null for the bulk, which keeps it out of the partial index. */
export function otherCategory(stream: string): string | null {
  if (stream.startsWith(BULK_PREFIX)) return null;
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
}

// Text for ids and hashes: a BLOB costs 0.5 µs more to read, each. No index on a random key: see log-index.db.
const EVENTS = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    category TEXT,
    recorded_at INTEGER NOT NULL,
    hash TEXT NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB
  ) STRICT;
  CREATE INDEX events_by_category ON events (category, position) WHERE category IS NOT NULL;`;

const LOG = `${EVENTS}
  PRAGMA user_version = ${LOG_VERSION};`;

/** `user_version` of log-copy.db; it is a copy, so another version is simply made again. */
const COPY_VERSION = 1;

/** The copy of a cluster's log in a service's folder. */
export const copyFile = (folder: string): string => join(folder, 'log-copy.db');

// A copy is written at its own pace, by one process: SQLite's own indexes do.
const COPY = `${EVENTS}
  CREATE INDEX events_by_stream ON events (stream, revision);
  CREATE INDEX events_by_id ON events (id, position);
  CREATE TABLE passed_over (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
    recorded_at INTEGER NOT NULL, first INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE copied (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, events INTEGER NOT NULL) STRICT;
  INSERT INTO copied VALUES (1, 0, 0);
  PRAGMA user_version = ${COPY_VERSION};`;

const INDEX = `
  CREATE TABLE streams (
    key INTEGER, revision INTEGER, position INTEGER, PRIMARY KEY (key, revision, position)
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE ids (key INTEGER, position INTEGER, PRIMARY KEY (key, position)) WITHOUT ROWID, STRICT;
  CREATE TABLE indexed (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER, hash TEXT) STRICT;
  INSERT INTO indexed VALUES (1, 0, '');
  PRAGMA user_version = ${INDEX_VERSION};`;

function create(db: DatabaseSync, tables: string): void {
  db.exec('BEGIN IMMEDIATE');
  if (pragma(db, 'user_version') === 0) db.exec(tables);
  db.exec('COMMIT');
}

/**
 * Throws `StoreNewerError` or `StoreNotFoundError`; asks through a connection that cannot write, so that a log which
 * is not ours to open stays as it is.
 */
function requireKnown(path: string): void {
  const db = connect(path, true);
  try {
    const version = pragma(db, 'user_version');
    if (version > LOG_VERSION) throw new StoreNewerError(path, version, LOG_VERSION);
    if (version === 0) throw new StoreNotFoundError(path);
  } catch (error) {
    throw translate(error, path);
  } finally {
    db.close();
  }
}

/** Ends what a kill cut short while the log was made, before it had a WAL: only who can write may, by its first read. */
function rollBack(path: string): void {
  const db = connect(path, false);
  try {
    pragma(db, 'user_version');
  } catch (error) {
    throw translate(error, path);
  } finally {
    db.close();
  }
}

/** The writer's connection to the log, made where there is none. Durable at every COMMIT. */
export function openLogForWriting(folder: string): DatabaseSync {
  const path = logFile(folder);
  if (existsSync(path)) {
    if (existsSync(`${path}-journal`)) rollBack(path);
    try {
      requireKnown(path);
    } catch (error) {
      // A log whose making was cut short is made now.
      if (!(error instanceof StoreNotFoundError)) throw error;
    }
  }
  const db = connect(path, false);
  try {
    // Checkpoints are the store's own: SQLite's automatic one swallows a failed fsync.
    db.exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192`);
    create(db, LOG);
    return db;
  } catch (error) {
    db.close();
    throw translate(error, path);
  }
}

/** A connection that can only read the log, beside its writer in whatever thread or process. */
export function openLogForReading(folder: string): DatabaseSync {
  const path = logFile(folder);
  if (!existsSync(path)) throw new StoreNotFoundError(path);
  requireKnown(path);
  return connect(path, true);
}

/** The merge's connection to the index, made where there is none. A cut may cost its last merges, never its form. */
export function openIndexForWriting(folder: string): DatabaseSync {
  const path = indexFile(folder);
  const db = connect(path, false);
  try {
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -16384`);
    create(db, INDEX);
    return db;
  } catch (error) {
    db.close();
    throw translate(error, path);
  }
}

/** The connection to a copy, made where there is none of this version. What a cut costs is copied again. */
export function openCopy(folder: string): DatabaseSync {
  const path = copyFile(folder);
  const db = connect(path, false);
  try {
    db.exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384`);
    if (![0, COPY_VERSION].includes(pragma(db, 'user_version'))) emptyCopy(db);
    create(db, COPY);
    return db;
  } catch (error) {
    db.close();
    throw translate(error, path);
  }
}

/** A connection that can only read a copy, beside whoever keeps it. */
export function openCopyForReading(folder: string): DatabaseSync {
  const path = copyFile(folder);
  if (!existsSync(path)) throw new StoreNotFoundError(path);
  const db = connect(path, true);
  try {
    if (pragma(db, 'user_version') === COPY_VERSION) return db;
  } catch (error) {
    db.close();
    throw translate(error, path);
  }
  db.close();
  throw new StoreNotFoundError(path);
}

/** Takes everything out of it, whatever version it is of. */
export function emptyCopy(db: DatabaseSync): void {
  const tables = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  db.exec('BEGIN IMMEDIATE');
  for (const { name } of tables) db.exec(`DROP TABLE "${String(name)}"`);
  db.exec('PRAGMA user_version = 0; COMMIT');
}
