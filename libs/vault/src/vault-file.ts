import { closeSync, existsSync, fsyncSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ThreadlineError } from '@threadline/platform/errors';
import { VaultBusyError, VaultFailedError, VaultFileError } from './errors.js';

/** `user_version` of a vault that this code writes. */
export const VAULT_VERSION = 1;
/** `application_id`: "TLva". */
const APPLICATION = 0x544c7661;

/** How long to wait for another process's lock (a backup, a rotation), milliseconds. */
const LOCK_TIMEOUT = 5_000;

const SCHEMA = `
  -- The keys of the vault itself, wrapped by the master key. Two generations only while the master key is rotated.
  CREATE TABLE wrapped_key (
    generation INTEGER NOT NULL,
    name TEXT NOT NULL,
    box BLOB NOT NULL,
    PRIMARY KEY (generation, name)
  ) STRICT;
  -- One row a key. The key is HMAC(root, salt). 'owner' is the id of a party or of an interaction; 'box' holds a
  -- party's kind and value under its own key, and is null for an interaction's.
  CREATE TABLE sealing_key (
    seq INTEGER PRIMARY KEY,
    handle INTEGER NOT NULL UNIQUE,
    owner BLOB NOT NULL UNIQUE,
    salt BLOB NOT NULL,
    box BLOB
  ) STRICT;
  -- How many keys were destroyed: readers throw away what they hold when it grows. 'traces' is 1 from a destruction
  -- until the file has been searched for what is left of it.
  CREATE TABLE destruction (count INTEGER NOT NULL, traces INTEGER NOT NULL) STRICT;
  INSERT INTO destruction VALUES (0, 0);
`;

/** Where the vault of a folder lies. */
export const vaultPath = (folder: string): string => join(folder, 'vault.db');

export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * What the file says of itself, read without SQLite so that nothing is touched: a connection to a newer vault would
 * already write (recovery of its WAL, a checkpoint when it closes). The version lies in the header from the first
 * checkpoint on, which is done before the vault is used.
 */
function checkHeader(path: string): void {
  const header = Buffer.alloc(100);
  const descriptor = openSync(path, 'r');
  try {
    if (readSync(descriptor, header, 0, header.length, 0) === 0) return;
  } finally {
    closeSync(descriptor);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    throw new VaultFileError(`${path} is not a vault`);
  refuseOthers(path, header.readInt32BE(68), header.readInt32BE(60));
}

function refuseOthers(path: string, application: number, version: number): void {
  if (application === 0 && version === 0) return;
  if (application !== APPLICATION) throw new VaultFileError(`${path} is not a vault`);
  if (version > VAULT_VERSION) {
    throw new VaultFileError(
      `${path} has version ${version}, this code knows versions up to ${VAULT_VERSION}: use the newer code`,
    );
  }
}

const number = (db: DatabaseSync, pragma: string): number =>
  Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);

/** Opens the file, made with its tables where it is missing. `prepare` fills a new one, in the same transaction. */
export function openVaultFile(folder: string, prepare: (db: DatabaseSync) => void): DatabaseSync {
  const path = vaultPath(folder);
  return translated(() => {
    // Made here, so that nobody else can read it from the first byte on; SQLite gives its WAL the same mode.
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    checkHeader(path);
    const db = new DatabaseSync(path, { timeout: LOCK_TIMEOUT });
    try {
      // A new key dirties one page of each of two indexes: small pages write 4 KB a key instead of 10.
      db.exec('PRAGMA page_size = 1024');
      db.exec('PRAGMA journal_mode = WAL');
      db.exec('PRAGMA synchronous = FULL');
      db.exec('PRAGMA secure_delete = ON');
      // A VACUUM would else write live salts to a temporary file and leave them on the disk's free blocks.
      db.exec('PRAGMA temp_store = MEMORY');
      // Both indexes of half a million keys; and checkpoints every 16 MB, as each writes its random pages again.
      db.exec('PRAGMA cache_size = -16000');
      db.exec('PRAGMA wal_autocheckpoint = 16000');
      if (number(db, 'user_version') === 0) {
        db.exec('BEGIN IMMEDIATE');
        db.exec(SCHEMA);
        prepare(db);
        db.exec(`PRAGMA application_id = ${APPLICATION}`);
        db.exec(`PRAGMA user_version = ${VAULT_VERSION}`);
        db.exec('COMMIT');
        syncFolder(folder);
      }
      refuseOthers(path, number(db, 'application_id'), number(db, 'user_version'));
      // What a process that died left in the WAL may hold keys that it destroyed.
      truncateWal(db);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Opens the file to read, beside a writer elsewhere. */
export function readVaultFile(folder: string): DatabaseSync {
  const path = vaultPath(folder);
  if (!existsSync(path)) throw new VaultFileError(`there is no vault in ${folder}`);
  return translated(() => {
    checkHeader(path);
    const db = new DatabaseSync(path, { timeout: LOCK_TIMEOUT, readOnly: true });
    try {
      refuseOthers(path, number(db, 'application_id'), number(db, 'user_version'));
      if (number(db, 'user_version') === 0) throw new VaultFileError(`there is no vault in ${folder} yet`);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Moves the WAL into the file and cuts it to nothing. False where a reader was in the way for too long. */
export function truncateWal(db: DatabaseSync): boolean {
  return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0;
}

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
const SQLITE_CONSTRAINT = 19;

/** Runs it; what SQLite throws becomes one of ours, with its cause. */
export function translated<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): unknown {
  if (error instanceof ThreadlineError || !(error instanceof Error)) return error;
  if ('errcode' in error && typeof error.errcode === 'number') {
    switch (error.errcode & 0xff) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        return new VaultBusyError('the vault is locked by another process', error);
      case SQLITE_FULL:
        return new VaultBusyError('the disk of the vault is full', error);
      case SQLITE_IOERR:
      // Two random handles were the same (once in 10^4 vaults of a million keys): a new process takes new ones.
      case SQLITE_CONSTRAINT:
        return new VaultFailedError(error);
      default:
        return new VaultFileError(`the vault cannot be used: ${error.message}`, error);
    }
  }
  if ('syscall' in error) return new VaultFileError(`the vault cannot be opened: ${error.message}`, error);
  return error;
}
