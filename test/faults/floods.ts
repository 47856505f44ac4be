import { setTimeout as pause } from 'node:timers/promises';
import { audit } from './audit.js';
import { HubProcess } from './hub-process.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { Random } from './random.js';
import { Tally, withFolder, type Outcome } from './scenario.js';

/** Events after which the store merges the recent names into its index, and some. */
const ENOUGH = 36_000;

/** At most as many in a folder: an audit sends them all again. */
const MOST = 80_000;

/**
 * Killed while events come in as fast as they are taken: so many that names are merged into the index, and the WAL is
 * copied into the log, while others are written.
 */
export async function floods({ kills, seed }: { kills: number; seed: number }): Promise<Outcome> {
  const tally = new Tally('killed in a flood');
  tally.notes.push(`seed ${seed}`);
  const random = new Random(seed);
  while (tally.faults < kills) {
    await withFolder(async (folder) => {
      const ledger = new Ledger();
      const load = new Load(ledger, random, { rate: Number.POSITIVE_INFINITY, connections: 8, largest: 400 });
      let first = true;
      while (tally.faults < kills && (first || ledger.acknowledged < MOST / 2)) {
        const hub = await HubProcess.start({ folder });
        const running = load.run(hub);
        const wanted = ledger.acknowledged + ENOUGH;
        while (hub.alive && ledger.acknowledged < wanted) await pause(20);
        await pause(random.between(0, 400));
        await hub.killed();
        await running;
        tally.faults++;
        const next = await HubProcess.start({ folder });
        tally.add(await audit(next, ledger), first ? 'fresh' : 'same folder', `after ${tally.faults} kills`);
        await next.killed();
        first = false;
      }
    });
  }
  return tally.outcome();
}
