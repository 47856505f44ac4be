import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseMasterKey, type Config } from '@threadline/platform/config';
import { acquireFolder } from '@threadline/platform/folder-lock';
import { MasterKeyError } from './errors.js';
import { openVaultFile, syncFolder, translated, vaultPath } from './vault-file.js';
import { checkMasterKey, dropOlder, unwrap, wrap } from './vault-keys.js';

/** The file of the embedded default. */
export const masterKeyPath = (folder: string): string => join(folder, 'master.key');

/** Where the key may come from, as `Config` tells it. */
export interface MasterKeySource
  extends Pick<Config, 'folder'>, Partial<Pick<Config, 'masterKey' | 'masterKeyFile'>> {}

/**
 * The master key, 32 bytes: `THREADLINE_MASTER_KEY`, or what the file `THREADLINE_MASTER_KEY_FILE` holds, or
 * `master.key` of the folder, which is made (mode 0600, durable) where there is no vault yet.
 * @throws MasterKeyError where the file is missing beside a vault, or holds something else
 */
export function loadMasterKey(config: MasterKeySource): Buffer {
  if (config.masterKey !== undefined) return config.masterKey;
  if (config.masterKeyFile !== undefined) return readKey(config.masterKeyFile);
  const path = masterKeyPath(config.folder);
  if (!existsSync(path)) {
    // A new key would not open it, and would hide that the right one is missing.
    if (existsSync(vaultPath(config.folder)) && statSync(vaultPath(config.folder)).size > 0) {
      throw new MasterKeyError(
        `${path} is missing, and the vault beside it cannot be opened without: put it back, or set THREADLINE_MASTER_KEY`,
      );
    }
    makeKeyFile(path);
  } else if ((statSync(path).mode & 0o077) !== 0) {
    chmodSync(path, 0o600);
  }
  return readKey(path);
}

function readKey(path: string): Buffer {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MasterKeyError(`the master key cannot be read from ${path}`, error);
  }
  const key = parseMasterKey(text);
  if (key === undefined)
    throw new MasterKeyError(`${path} does not hold a master key (the base64 of 32 bytes)`);
  return key;
}

function makeKeyFile(path: string): void {
  const draft = `${path}.new`;
  writeDurably(draft, randomBytes(32));
  try {
    // A link, unlike a rename, never replaces a key that somebody else has put there meanwhile.
    linkSync(draft, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
  rmSync(draft);
  syncFolder(dirname(path));
}

function writeDurably(path: string, key: Uint8Array): void {
  rmSync(path, { force: true });
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, `${Buffer.from(key).toString('base64')}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => secret(a).equals(secret(b));
const secret = (key: Uint8Array): KeyObject => createSecretKey(key);

/**
 * Wraps the vault's keys by another master key; what they sealed stays as it is, and so do all ids. The hub must not
 * run: its folder is held meanwhile. `file` (default: the folder's `master.key`) is replaced where it holds the old key.
 *
 * Whatever instant it dies at, the key in use opens the vault: the new wraps are added beside the old ones, then the
 * file is replaced, then the old wraps go. A rotation that died is completed by the next start with the new key, or
 * by rotating again from the old one.
 * @throws MasterKeyError where `old` does not open the vault
 */
export async function rotateMasterKey(
  folder: string,
  old: Uint8Array,
  next: Uint8Array,
  file: string = masterKeyPath(folder),
): Promise<void> {
  checkMasterKey(old);
  checkMasterKey(next);
  if (!existsSync(vaultPath(folder))) throw new MasterKeyError(`there is no vault in ${folder}`);
  const lock = await acquireFolder(folder);
  try {
    const db = openVaultFile(folder, () => {
      throw new MasterKeyError(`there is no vault in ${folder}`);
    });
    try {
      translated(() => {
        const { keys } = unwrap(db, old);
        const last = db.prepare('SELECT max(generation) AS last FROM wrapped_key').get()?.['last'] as number;
        db.exec('BEGIN IMMEDIATE');
        try {
          wrap(db, last + 1, next, keys);
          db.exec('COMMIT');
        } catch (error) {
          if (db.isTransaction) db.exec('ROLLBACK');
          throw error;
        }
        if (existsSync(file) && same(readKey(file), old)) replaceKeyFile(resolve(file), next);
        dropOlder(db, last + 1);
      });
    } finally {
      db.close();
    }
  } finally {
    lock.release();
  }
}

function replaceKeyFile(path: string, key: Uint8Array): void {
  const draft = `${path}.new`;
  writeDurably(draft, key);
  renameSync(draft, path);
  syncFolder(dirname(path));
}
