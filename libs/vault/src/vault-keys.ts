import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { openBytes, sealBytes } from './box.js';
import { DamagedBoxError, MasterKeyError } from './errors.js';
import { truncateWal } from './vault-file.js';

/** The vault's own keys. */
export interface VaultKeys {
  /** Random; every party's key comes from it and a salt. */
  readonly root: KeyObject;
  /** From the first master key, so that two hubs with the same master key give the same ids; never changed. */
  readonly naming: KeyObject;
}

/** Fixed for ever: another label gives other ids. */
const NAMING_LABEL = 'threadline naming key v1';

const context = (name: string): string => `vault/${name}`;

/** Before anything is touched. */
export function checkMasterKey(masterKey: Uint8Array): void {
  if (masterKey.length !== 32) throw new MasterKeyError('a master key has exactly 32 bytes');
}

const naming = (masterKey: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), NAMING_LABEL, 32));

/** Those of a first start. */
export const newKeys = (masterKey: Uint8Array): VaultKeys => ({
  root: createSecretKey(randomBytes(32)),
  naming: createSecretKey(naming(masterKey)),
});

/** The keys under the master key, as they are stored. */
export interface WrappedKeys {
  readonly root: Uint8Array;
  readonly naming: Uint8Array;
}

export function wrapKeys(masterKey: Uint8Array, keys: VaultKeys): WrappedKeys {
  const master = createSecretKey(masterKey);
  const wrapped = (name: keyof VaultKeys): Buffer => sealBytes(master, context(name), keys[name].export());
  return { root: wrapped('root'), naming: wrapped('naming') };
}

/** `undefined` where another master key wraps them. */
export function unwrapKeys(masterKey: Uint8Array, wrapped: WrappedKeys): VaultKeys | undefined {
  const master = createSecretKey(masterKey);
  const root = tryToOpen(master, context('root'), wrapped.root);
  const namingKey = root && tryToOpen(master, context('naming'), wrapped.naming);
  return namingKey && { root, naming: namingKey };
}

/** The vault was made with another master key, or rotated to another. */
export const wrongMasterKey = (): MasterKeyError =>
  new MasterKeyError(
    'this master key does not open this vault: give the one that the vault was made with, or rotated to last',
  );

/** First start: makes the keys and stores them, wrapped. */
export function makeKeys(db: DatabaseSync, masterKey: Uint8Array): void {
  wrap(db, 1, masterKey, newKeys(masterKey));
}

/** Stores the keys, wrapped by that master key, as a generation. */
export function wrap(db: DatabaseSync, generation: number, masterKey: Uint8Array, keys: VaultKeys): void {
  const wrapped = wrapKeys(masterKey, keys);
  const insert = db.prepare('INSERT INTO wrapped_key (generation, name, box) VALUES (?, ?, ?)');
  insert.run(generation, 'root', wrapped.root);
  insert.run(generation, 'naming', wrapped.naming);
}

/** From now on only this generation's master key opens the vault. */
export function dropOlder(db: DatabaseSync, generation: number): void {
  const { changes } = db.prepare('DELETE FROM wrapped_key WHERE generation < ?').run(generation);
  if (changes !== 0) truncateWal(db);
}

/** The keys, with the generation that this master key opens. Throws `MasterKeyError` where it opens none. */
export function unwrap(
  db: DatabaseSync,
  masterKey: Uint8Array,
): { keys: VaultKeys; generation: number; newest: boolean } {
  const rows = db.prepare('SELECT generation, name, box FROM wrapped_key ORDER BY generation DESC').all() as {
    generation: number;
    name: keyof VaultKeys;
    box: Uint8Array;
  }[];
  for (const { generation } of rows) {
    const boxOf = (name: keyof VaultKeys): Uint8Array | undefined =>
      rows.find((row) => row.generation === generation && row.name === name)?.box;
    const root = boxOf('root');
    const namingKey = boxOf('naming');
    const keys = root && namingKey && unwrapKeys(masterKey, { root, naming: namingKey });
    if (keys) return { keys, generation, newest: generation === rows[0]?.generation };
  }
  throw wrongMasterKey();
}

function tryToOpen(master: KeyObject, where: string, box: Uint8Array): KeyObject | undefined {
  try {
    return createSecretKey(openBytes(master, where, box));
  } catch (error) {
    if (error instanceof DamagedBoxError) return undefined;
    throw error;
  }
}
