import { backup } from 'node:sqlite';
import type { Position } from '../event-store.js';
import { translate } from './connection.js';
import { LogTable } from './log-table.js';
import { logFile, openLogForReading } from './schema.js';

/** Pages between two reports of progress: 8 MiB. */
const PAGES_AT_ONCE = 1_024;

/** Copies the log as it is at this moment into another file; answers with its last position. */
export async function copyLog(
  folder: string,
  file: string,
  onProgress?: (done: number, total: number) => void,
): Promise<Position> {
  const db = openLogForReading(folder);
  try {
    // A read transaction pins the moment: without it, every append would make the copy begin again.
    db.exec('BEGIN');
    const position = new LogTable(db, logFile(folder)).head();
    await backup(db, file, {
      rate: PAGES_AT_ONCE,
      progress: ({ totalPages, remainingPages }) => onProgress?.(totalPages - remainingPages, totalPages),
    });
    return position;
  } catch (error) {
    throw translate(error, file);
  } finally {
    db.close();
  }
}
