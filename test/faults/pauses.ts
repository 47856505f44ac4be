import { setTimeout as pause } from 'node:timers/promises';
import { audit } from './audit.js';
import { HubProcess } from './hub-process.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { Random } from './random.js';
import { Tally, withFolder, type Outcome } from './scenario.js';

/** The whole process held still (SIGSTOP) under load, as a virtual machine that is moved, and let go on: nobody notices. */
export function pauses(times: number, seed: number): Promise<Outcome> {
  return withFolder(async (folder) => {
    const tally = new Tally('held still');
    const random = new Random(seed);
    const ledger = new Ledger();
    const load = new Load(ledger, random, { rate: 400 });
    const hub = await HubProcess.start({ folder });
    const running = load.run(hub);
    for (; tally.faults < times; tally.faults++) {
      await pause(random.between(100, 500));
      hub.kill('SIGSTOP');
      await pause(random.between(200, 1_500));
      hub.kill('SIGCONT');
    }
    await pause(200);
    load.stop();
    await running;
    tally.add(await audit(hub, ledger), 'same folder', `held still ${times} times`);
    const { code, signal } = await hub.stopped();
    if (code !== 0) tally.fail(`asked to stop, the hub ended with ${signal ?? code}:\n${hub.output}`);
    return tally.outcome();
  });
}
