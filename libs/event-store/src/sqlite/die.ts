import { writeSync } from 'node:fs';
import { EXIT } from '@threadline/platform/exit-codes';

/**
 * Ends the process after a failure of the disk. In a worker thread it ends the thread with the same code; its owner
 * must then end the process.
 */
export function dieOf(error: Error): void {
  // Straight to the descriptor: a logger would have to come round to it.
  writeSync(2, `threadline: the event log cannot be trusted any more: ${error.message}\n`);
  process.exit(EXIT.io);
}
