import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { ThreadlineError } from './errors.js';
import { EXIT } from './exit-codes.js';

/** Another hub (or command) has this data folder. Exit code 74; nothing in it was touched. */
export class FolderHeldError extends ThreadlineError {
  constructor(readonly folder: string) {
    super(
      `the data folder ${folder} is held by another hub: stop that one, or set THREADLINE_DATA to another folder`,
      {
        code: 'folder-held',
        retriable: true,
        exitCode: EXIT.io,
      },
    );
  }
}

/** The data folder cannot be made or locked. Exit code 74. */
export class FolderUnusableError extends ThreadlineError {
  constructor(folder: string, cause: unknown) {
    super(
      `the data folder ${folder} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        code: 'folder-unusable',
        retriable: false,
        exitCode: EXIT.io,
        cause,
      },
    );
  }
}

export interface FolderLock {
  /** Lets the folder go. Twice does nothing. The end of the process, however it comes, does the same. */
  release(): void;
}

const PATIENCE = 2_000;
const PAUSE = 50;
const SQLITE_BUSY = 5;

/**
 * Takes the data folder for this process alone, made (mode 0700) where it is missing. Node has no file locks, but
 * SQLite does: `hub.lock` is a database in an exclusive transaction, so the lock is the operating system's and ends
 * with the process, however that dies. Tried for two seconds.
 * @throws FolderHeldError, FolderUnusableError
 */
export async function acquireFolder(folder: string, patience: number = PATIENCE): Promise<FolderLock> {
  const path = resolve(folder);
  const deadline = Date.now() + patience;
  for (;;) {
    const lock = tryToLock(path);
    if (lock) return lock;
    if (Date.now() >= deadline) throw new FolderHeldError(path);
    await delay(PAUSE);
  }
}

function tryToLock(folder: string): FolderLock | undefined {
  let db: DatabaseSync | undefined;
  try {
    makeFolder(folder);
    db = new DatabaseSync(join(folder, 'hub.lock'));
    // No journal file beside it, and nothing is ever written into it.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    const held = db;
    return { release: () => void (held.isOpen && held.close()) };
  } catch (error) {
    if (db?.isOpen) db.close();
    if (error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY) {
      return undefined;
    }
    throw new FolderUnusableError(folder, error);
  }
}

/** One level at a time: Node's own `recursive` goes round for ever where a folder takes no folders, as /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another hub that starts at the same time was faster: which of the two has the folder, the lock decides.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(folder)) throw error;
  }
}
