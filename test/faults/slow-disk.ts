import { audit } from './audit.js';
import { faultEvent } from './fault-events.js';
import { HubProcess } from './hub-process.js';
import { Ledger } from './ledger.js';
import { send } from './load.js';
import { program } from './machine.js';
import { Tally, withFolder, type Outcome } from './scenario.js';

/** Milliseconds that every sync takes longer. */
const SLOWER = 120;

/**
 * Every sync takes longer (strace holds it back). No new event may be acknowledged sooner than that: whoever answers
 * faster has not waited for the disk.
 */
export function slowDisk(requests: number): Promise<Outcome> {
  return withFolder(async (folder) => {
    const tally = new Tally('slow disk');
    const ledger = new Ledger();
    const slow = `inject=fsync,fdatasync:delay_enter=${SLOWER * 1000}`;
    const strace = program('strace') ?? 'strace';
    const hub = await HubProcess.start({
      folder,
      through: [strace, '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', slow],
    });
    let next = 0;
    let fastest = Number.POSITIVE_INFINITY;
    let left = requests;
    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        const events = Array.from({ length: 1 + (left % 7) }, () => faultEvent(next++));
        const started = performance.now();
        const { accepted } = await send(hub, ledger, events);
        if (accepted > 0) fastest = Math.min(fastest, performance.now() - started);
      }
    };
    await Promise.all([lane(), lane(), lane(), lane()]);
    tally.faults = 1;
    if (fastest < SLOWER)
      tally.fail(`acknowledged after ${fastest.toFixed()} ms: before anything was synced`);
    tally.notes.push(
      `a sync takes ${SLOWER} ms longer, the fastest acknowledgement took ${fastest.toFixed()} ms`,
    );
    tally.add(await audit(hub, ledger), 'fresh', 'with a slow disk');
    await hub.killed();
    return tally.outcome();
  });
}
