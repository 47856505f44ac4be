import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BackupTargetError } from './errors.js';
import type { Position } from './event-store.js';
import { copyLog } from './sqlite/copy-log.js';
import { logFile } from './sqlite/schema.js';
import { makeFolder, syncPath } from './sync-path.js';

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
  try {
    const position = await copyLog(folder, partial, onProgress);
    syncPath(partial);
    renameSync(partial, file);
    syncPath(target);
    return { file, position };
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
