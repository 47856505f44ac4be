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

/** First start: makes the keys and stores them, wrapped. */
export function makeKeys(db: DatabaseSync, masterKey: Uint8Array): void {
  wrap(db, 1, masterKey, {
    root: createSecretKey(randomBytes(32)),
    naming: createSecretKey(naming(masterKey)),
  });
}

/** Stores the keys, wrapped by that master key, as a generation. */
export function wrap(db: DatabaseSync, generation: number, masterKey: Uint8Array, keys: VaultKeys): void {
  const master = createSecretKey(masterKey);
  const insert = db.prepare('INSERT INTO wrapped_key (generation, name, box) VALUES (?, ?, ?)');
  insert.run(generation, 'root', sealBytes(master, context('root'), keys.root.export()));
  insert.run(generation, 'naming', sealBytes(master, context('naming'), keys.naming.export()));
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
  const master = createSecretKey(masterKey);
  const rows = db.prepare('SELECT generation, name, box FROM wrapped_key ORDER BY generation DESC').all() as {
    generation: number;
    name: keyof VaultKeys;
    box: Uint8Array;
  }[];
  for (const { generation } of rows) {
    const open = (wanted: keyof VaultKeys): KeyObject | undefined => {
      const row = rows.find((candidate) => candidate.generation === generation && candidate.name === wanted);
      return row && tryToOpen(master, context(wanted), row.box);
    };
    const root = open('root');
    const namingKey = open('naming');
    if (root && namingKey) {
      return { keys: { root, naming: namingKey }, generation, newest: generation === rows[0]?.generation };
    }
  }
  throw new MasterKeyError(
    'this master key does not open this vault: give the one that the vault was made with, or rotated to last',
  );
}

function tryToOpen(master: KeyObject, where: string, box: Uint8Array): KeyObject | undefined {
  try {
    return createSecretKey(openBytes(master, where, box));
  } catch (error) {
    if (error instanceof DamagedBoxError) return undefined;
    throw error;
  }
}
