import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { audit } from './audit.js';
import { HubProcess } from './hub-process.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { LoopDisk } from './loop-disk.js';
import { Random } from './random.js';
import type { Sabotage } from './sabotage.js';
import { Tally, type Outcome } from './scenario.js';

export interface CutOptions {
  readonly cuts: number;
  readonly seed: number;
  readonly sabotage?: readonly Sabotage[];
  /** Ends at the first finding: what a twin is asked for. */
  readonly untilFound?: boolean;
}

/** At most as many on one disk: an audit sends everything again. */
const MOST = 10;

/**
 * The hub's folder on a file system whose power goes at a random instant under load: what was not synced is gone. The
 * hub must not answer for what the disk did not take, and end by itself; after the boot everything acknowledged is there.
 */
export async function powerCuts({
  cuts,
  seed,
  sabotage = [],
  untilFound = false,
}: CutOptions): Promise<Outcome> {
  const tally = new Tally('power cut');
  tally.notes.push(`seed ${seed}`);
  const random = new Random(seed);
  while (tally.faults < cuts && (tally.clean || !untilFound)) {
    const disk = new LoopDisk(256);
    try {
      const wanted = Math.min(cuts, tally.faults + MOST);
      await cutOneDisk(disk, { wanted, random, sabotage, untilFound, tally });
    } finally {
      await disk.remove();
    }
  }
  return tally.outcome();
}

interface Cuts {
  readonly wanted: number;
  readonly random: Random;
  readonly sabotage: readonly Sabotage[];
  readonly untilFound: boolean;
  readonly tally: Tally;
}

async function cutOneDisk(
  disk: LoopDisk,
  { wanted, random, sabotage, untilFound, tally }: Cuts,
): Promise<void> {
  const folder = join(disk.mount, 'data');
  const ledger = new Ledger();
  const load = new Load(ledger, random, { rate: 600 });
  let fresh = true;
  while (tally.faults < wanted && (tally.clean || !untilFound)) {
    const hub = await HubProcess.start({ folder, sabotage });
    const running = load.run(hub);
    await pause(random.between(200, 1_500));
    disk.cutPower();
    tally.faults++;
    const ended = await Promise.race([hub.ended.then(() => true), pause(5_000, false, { ref: false })]);
    load.stop();
    if (!ended) tally.fail(`5 s after cut ${tally.faults} the hub still ran:\n${hub.output.slice(-2_000)}`);
    await hub.killed();
    await running;
    // Until it has ended a hub without a disk may fail; it must not acknowledge.
    ledger.failures.length = 0;
    disk.restart();
    const found = await audited(folder, sabotage, ledger);
    tally.add(found, fresh ? 'fresh' : 'same folder', `after ${tally.faults} cuts`);
    fresh = false;
  }
}

/** A log that does not open any more has lost everything. */
async function audited(
  folder: string,
  sabotage: readonly Sabotage[],
  ledger: Ledger,
): ReturnType<typeof audit> {
  const hub = await HubProcess.start({ folder, sabotage }).catch((error: Error) => error);
  if (hub instanceof Error) {
    const { acknowledged } = ledger;
    return { acknowledged, events: 0, lost: acknowledged, doubled: 0, drift: 0, findings: [hub.message] };
  }
  try {
    return await audit(hub, ledger);
  } finally {
    await hub.killed();
  }
}
