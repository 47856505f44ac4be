import { closeSync, openSync, readSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { VaultBusyError } from './errors.js';
import { truncateWal, vaultPath } from './vault-file.js';

const CHUNK = 4 * 1024 * 1024;

/** Was a key destroyed without the file having been searched since? */
export const hasTraces = (db: DatabaseSync): boolean =>
  db.prepare('SELECT traces FROM destruction').get()?.['traces'] === 1;

/**
 * After a destruction: makes sure that its traces are gone from the vault's file and its WAL. `secrets` are the byte
 * strings to look for; where they are not known any more the file is written anew without a look.
 *
 * `secure_delete` overwrites a row where it lies, but not the copies that splitting and merging B-tree pages leave in
 * the unused middle of a page (of 12,000 deleted salts 3 stayed readable). So the file itself is looked at, and
 * written anew where something is left: 1 ms for every 3 MB, and rarely 3 ms.
 */
export function scrub(db: DatabaseSync, folder: string, secrets?: readonly Uint8Array[]): void {
  emptyWal(db);
  if (secrets === undefined || holds(vaultPath(folder), secrets)) {
    db.exec('VACUUM');
    emptyWal(db);
  }
  db.exec('UPDATE destruction SET traces = 0');
}

function emptyWal(db: DatabaseSync): void {
  if (!truncateWal(db)) {
    throw new VaultBusyError('the key is destroyed, but a reader keeps its trace in the WAL: try again');
  }
}

/** Does the file hold one of them? Read in pieces: a vault of a million parties has 200 MB. */
function holds(path: string, secrets: readonly Uint8Array[]): boolean {
  const overlap = Math.max(...secrets.map(({ length }) => length)) - 1;
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const descriptor = openSync(path, 'r');
  try {
    for (let at = 0; ; at += CHUNK - overlap) {
      const read = readSync(descriptor, buffer, 0, CHUNK, at);
      const piece = buffer.subarray(0, read);
      if (secrets.some((secret) => piece.indexOf(secret) !== -1)) return true;
      if (read < CHUNK) return false;
    }
  } finally {
    closeSync(descriptor);
  }
}
