import { join } from 'node:path';
import { earlierPart } from '../sqlite/models.js';
import { rebuildCustomers } from './rebuild-customers.js';
import { buildSearch, DividedLog } from './rebuild-search.js';
import { withSources } from './rebuild-sources.js';
import { startSearch } from './rebuild-thread.js';
import type { RebuildAnswer, RebuildTask } from './rebuild.js';

/** Milliseconds. */
const PROGRESS_EVERY = 250;

// Whoever wanted the models is gone.
process.once('disconnect', () => process.exit());
process.once('message', (task: RebuildTask) => {
  void run(task).then(
    () => tell({ built: true }),
    (error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) }),
  );
});

function tell(answer: RebuildAnswer): void {
  process.send?.(answer, () => {
    if (!('progress' in answer)) process.disconnect();
  });
}

/** How far both models are. For the customers an event counts when it was gone through, and once more when its row is written. */
class Progress {
  private passed = 0;
  private searched = 0;
  /** Never yet: the first step is told at once, so that who follows knows that it has begun. */
  private told = -Infinity;

  constructor(private readonly total: number) {}

  readonly customers = (events: number): void => {
    this.passed += events;
    this.tell();
  };

  readonly search = (events: number): void => {
    this.searched += events;
    this.tell();
  };

  private tell(): void {
    const { total, passed, searched } = this;
    const now = performance.now();
    if (now - this.told < PROGRESS_EVERY) return;
    this.told = now;
    tell({ progress: { customers: { done: passed, total: 2 * total }, search: { done: searched, total } } });
  }
}

/**
 * The customers in this thread; beside it, of a long log, the search index in another, and half of what is left of that here
 * when the customers are done. What both need is read and decoded twice: that costs less than to hand over what the other has
 * gathered.
 */
async function run(task: RebuildTask): Promise<void> {
  const { folder, masterKey, upTo } = task;
  const progress = new Progress(upTo);
  const path = join(folder, task.search);
  const divided = task.divided ? DividedLog.of(upTo) : undefined;
  const earlier =
    divided &&
    startSearch({ folder, masterKey, path: earlierPart(path), divided: divided.shared }, progress.search);
  await withSources(task, async (sources) => {
    const { log, vault } = sources;
    const options = { log, vault, path: join(folder, task.customers), upTo, now: Date.now };
    await rebuildCustomers(options, progress.customers);
    await buildSearch(sources, { from: divided?.divide() ?? 0, upTo, path }, progress.search);
  });
  await earlier;
}
