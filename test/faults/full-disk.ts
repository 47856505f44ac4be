import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { audit } from './audit.js';
import { faultEvent } from './fault-events.js';
import { HubProcess } from './hub-process.js';
import { Ledger } from './ledger.js';
import { send } from './load.js';
import { LoopDisk } from './loop-disk.js';
import { Tally, type Outcome } from './scenario.js';

/**
 * The hub on a small file system that fills up while it is written to: writes are answered 503 and the hub is not
 * ready, it keeps running and reading, and heals by itself when there is room again; nothing acknowledged is lost.
 */
export async function fullDisk(times: number): Promise<Outcome> {
  const tally = new Tally('disk full');
  const ledger = new Ledger();
  const disk = new LoopDisk(64);
  const folder = join(disk.mount, 'data');
  const ballast = join(disk.mount, 'ballast');
  let next = 0;
  const some = (): ReturnType<typeof faultEvent>[] => Array.from({ length: 20 }, () => faultEvent(next++));
  try {
    const hub = await HubProcess.start({ folder });
    await send(hub, ledger, some());
    for (; tally.faults < times; tally.faults++) {
      const when = `filled ${tally.faults + 1} times`;
      fill(disk.mount, ballast, 600_000);
      const refused = await until(async () => (await send(hub, ledger, some())).status === 503);
      if (!refused) tally.fail(`${when}: writes were never answered 503`);
      if (!(await until(async () => (await hub.get('/health/ready')).status === 503)))
        tally.fail(`${when}: the hub went on to be ready`);
      const read = await hub.get('/v1/events?limit=1');
      if (read.status !== 200) tally.fail(`${when}: the log could not be read: ${read.status}`);
      await read.text();

      rmSync(ballast);
      const room = Date.now();
      if (!(await hub.ready(15_000)))
        tally.fail(`${when}: the hub was not ready 15 s after there was room again`);
      if (!(await until(async () => (await send(hub, ledger, some())).status === 202)))
        tally.fail(`${when}: writes were refused though there was room again`);
      tally.notes.push(`ready ${Date.now() - room} ms after there was room`);
      tally.add(await audit(hub, ledger), 'same folder', when);
      if (!hub.alive) throw new Error(`${when}: the hub has ended:\n${hub.output}`);
    }
    await hub.stopped();
    const again = await HubProcess.start({ folder });
    tally.add(await audit(again, ledger), 'same folder', 'after a restart');
    await again.stopped();
  } finally {
    await disk.remove();
  }
  return tally.outcome();
}

/** Takes all room but about `left` bytes. */
function fill(mount: string, path: string, left: number): void {
  const { bavail, bsize } = statfsSync(mount);
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - left), 1));
}

async function until(condition: () => Promise<boolean>): Promise<boolean> {
  const late = Date.now() + 20_000;
  while (Date.now() < late) {
    if (await condition()) return true;
    await pause(20);
  }
  return false;
}
