import { parentPort, workerData } from 'node:worker_threads';
import { DividedLog } from './divided-log.js';
import { buildSearch } from './rebuild-search.js';
import { withSources } from './rebuild-sources.js';
import type { SearchMessage, SearchTask } from './rebuild-thread.js';

const tell = (message: SearchMessage): void => parentPort?.postMessage(message);

/** Events that are told at once. */
const TOLD = 2_000;

const task = workerData as SearchTask;
try {
  await withSources(task, async (sources) => {
    let indexed = 0;
    const log = DividedLog.from(task.divided);
    const part = {
      ...{ from: 0, path: task.path },
      get upTo() {
        return log.upTo;
      },
    };
    await buildSearch(sources, part, (events, position) => {
      log.pass(position);
      indexed += events;
      if (indexed < TOLD) return;
      tell({ indexed });
      indexed = 0;
    });
    tell({ indexed });
  });
} catch (error) {
  // Told, not thrown: a thread that throws while others start can take V8 down.
  tell({ failed: error instanceof Error ? error.message : String(error) });
}
