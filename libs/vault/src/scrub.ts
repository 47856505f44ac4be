import { open } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { VaultBusyError } from './errors.js';
import { translated, truncateWal, vaultPath } from './vault-file.js';

/** Bytes looked at in one go: about a millisecond, and other work goes on between. */
const CHUNK = 1024 * 1024;

/** Was a key destroyed without the file having been searched since? */
export const hasTraces = (db: DatabaseSync): boolean =>
  db.prepare('SELECT traces FROM destruction').get()?.['traces'] === 1;

/**
 * After a destruction: makes sure that its traces are gone from the vault's file and its WAL. `secrets` are the byte
 * strings to look for; where they are not known any more the file is written anew without a look.
 *
 * `secure_delete` overwrites a row where it lies, but not the copies that splitting and merging B-tree pages leave in
 * the unused middle of a page: of 12,000 rows deleted out of 20,000 up to 3 salts and 16 ids stayed readable. So the
 * file itself is looked at (1.5 ms a megabyte), and written anew where something is left (15 ms a megabyte,
 * during which nothing else is written).
 */
export async function scrub(
  db: DatabaseSync,
  folder: string,
  secrets?: readonly Uint8Array[],
): Promise<void> {
  emptyWal(db);
  if (secrets === undefined || (await holds(vaultPath(folder), secrets))) {
    translated(() => db.exec('VACUUM'));
    emptyWal(db);
  }
  translated(() => db.exec('UPDATE destruction SET traces = 0'));
}

function emptyWal(db: DatabaseSync): void {
  if (!translated(() => truncateWal(db))) {
    throw new VaultBusyError('the key is destroyed, but a reader keeps its trace in the WAL: try again');
  }
}

/**
 * Does the file hold one of them? Commits that come in between do no harm: a leftover lies where no row is, and
 * nothing but writing the file anew moves it to another page.
 */
async function holds(path: string, secrets: readonly Uint8Array[]): Promise<boolean> {
  const overlap = Math.max(...secrets.map(({ length }) => length)) - 1;
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const file = await open(path, 'r');
  try {
    for (let at = 0; ; at += CHUNK - overlap) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
      const piece = buffer.subarray(0, bytesRead);
      if (secrets.some((secret) => piece.indexOf(secret) !== -1)) return true;
      if (bytesRead < CHUNK) return false;
    }
  } finally {
    await file.close();
  }
}
