import { readFileSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';

/** Linux counts processor time in hundredths of a second, whatever the machine. */
const TICK = 10_000;

/** Microseconds of processor time that the processes have used so far, all threads; undefined where there is no /proc. */
export function cpuTime(processes: readonly ChildProcess[]): number | undefined {
  try {
    return processes.reduce((sum, { pid }) => {
      // After the name, which is in brackets and may hold anything: the 12th and 13th are user and system time.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return sum + (Number(fields[11]) + Number(fields[12])) * TICK;
    }, 0);
  } catch {
    return undefined;
  }
}
