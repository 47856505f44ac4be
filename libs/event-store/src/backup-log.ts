import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backup } from 'node:sqlite';
import { BackupTargetError } from './errors.js';
import type { Position } from './event-store.js';
import { translate } from './sqlite/connection.js';
import { LogTable } from './sqlite/log-table.js';
import { logFile, openLogForReading } from './sqlite/schema.js';
import { makeFolder, syncPath } from './sync-path.js';

/** Pages between two reports of progress: 8 MiB. */
const PAGES_AT_ONCE = 1_024;

export interface LogBackup {
  /** The log file that was made. */
  readonly file: string;
  /** The last event in it. */
  readonly position: Position;
}

/**
 * Copies the log of `folder` into the folder `target` (made where it is missing), as it is at this moment, while
 * whoever writes it goes on. Complete and durable when it resolves; until then there is no `log.db` in the target.
 * `onProgress` is told pages. Throws `BackupTargetError` where the target has a log already.
 */
export async function backupLog(
  folder: string,
  target: string,
  onProgress?: (done: number, total: number) => void,
): Promise<LogBackup> {
  const file = logFile(target);
  const partial = join(target, 'log.db.partial');
  if (existsSync(file)) throw new BackupTargetError(file);
  makeFolder(target);
  rmSync(partial, { force: true });
  const db = openLogForReading(folder);
  try {
    // A read transaction pins the moment: without it, every append would make the copy begin again.
    db.exec('BEGIN');
    const position = new LogTable(db, logFile(folder)).head();
    await backup(db, partial, {
      rate: PAGES_AT_ONCE,
      progress: ({ totalPages, remainingPages }) => onProgress?.(totalPages - remainingPages, totalPages),
    });
    syncPath(partial);
    renameSync(partial, file);
    syncPath(target);
    return { file, position };
  } catch (error) {
    rmSync(partial, { force: true });
    throw translate(error, file);
  } finally {
    db.close();
  }
}
