import { parentPort, workerData } from 'node:worker_threads';
import { EntryTable } from './entry-table.js';
import { GatheredCustomers } from './rebuild-customers.js';
import { scan, withSources } from './rebuild-scan.js';
import { SearchBuild } from './rebuild-search.js';
import type { PartMessage, PartTask } from './rebuild-thread.js';

const tell = (message: PartMessage, transfer: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, transfer);

/** Events that are told at once. */
const TOLD = 2_000;

const task = workerData as PartTask;
try {
  await withSources(task, async (sources) => {
    const { upTo, path } = task;
    const customers = new GatheredCustomers({ ...sources, upTo, now: Date.now });
    const search = new SearchBuild(path, sources.vault);
    try {
      let scanned = 0;
      const corrupt = await scan(sources, task, { search, customers }, (events) => {
        scanned += events;
        if (scanned < TOLD) return;
        tell({ scanned });
        scanned = 0;
      });
      tell({ scanned });
      customers.learn(search.opened());
      const part = corrupt === undefined ? customers.part() : undefined;
      tell({ part }, part && EntryTable.buffersOf(part.table));
      search.finish(upTo);
    } finally {
      search.close();
    }
  });
} catch (error) {
  // Told, not thrown: a thread that throws while others start can take V8 down.
  tell({ failed: error instanceof Error ? error.message : String(error) });
}
