import { join } from 'node:path';
import type { DividedLog } from './divided-log.js';
import { rebuildCustomers } from './rebuild-customers.js';
import { buildSearch } from './rebuild-search.js';
import { withSources } from './rebuild-sources.js';
import type { RebuildTask } from './rebuild.js';

export interface BuildProgress {
  readonly customers: (events: number) => void;
  readonly search: (events: number) => void;
}

/**
 * The customers; then the search index, or half of what is left of it where another thread goes through the log from its
 * beginning. What both need is read and decoded twice: that costs less than to hand over what the other has gathered.
 */
export async function buildModels(
  task: RebuildTask,
  divided: DividedLog | undefined,
  progress: BuildProgress,
): Promise<void> {
  const { folder, upTo } = task;
  await withSources(task, async (sources) => {
    const { log, vault } = sources;
    const options = { log, vault, path: join(folder, task.customers), upTo, now: Date.now };
    await rebuildCustomers(options, progress.customers);
    const part = { from: divided?.divide() ?? 0, upTo, path: join(folder, task.search) };
    await buildSearch(sources, part, progress.search);
  });
}
