import { join } from 'node:path';
import { earlierPart } from '../sqlite/models.js';
import { rebuildCustomers, scanCustomers } from './rebuild-customers.js';
import { scan, withSources, type Sources } from './rebuild-scan.js';
import { SearchBuild } from './rebuild-search.js';
import { startPart, type PartThread } from './rebuild-thread.js';
import type { RebuildAnswer, RebuildTask } from './rebuild.js';

/** Milliseconds. */
const PROGRESS_EVERY = 250;
/**
 * How much of a log that is divided is this thread's, which writes the rows of all of it as well: it can begin with that
 * when both have gone through their parts.
 */
const FIRST = 0.5;

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

/** How far both models are. An event counts for both when it was gone through, and once more when its row is written. */
class Progress {
  private scanned = 0;
  private written = 0;
  /** Never yet: the first step is told at once, so that who follows knows that it has begun. */
  private told = -Infinity;

  constructor(private readonly total: number) {}

  readonly scan = (events: number): void => {
    this.scanned += events;
    this.tell();
  };

  readonly write = (events: number): void => {
    this.written += events;
    this.tell();
  };

  private tell(): void {
    const { total, scanned, written } = this;
    const now = performance.now();
    if (now - this.told < PROGRESS_EVERY) return;
    this.told = now;
    const search = { done: scanned, total };
    tell({ progress: { customers: { done: scanned + written, total: 2 * total }, search } });
  }
}

/** A long log is gone through by two threads, each its part; what the other one gathers of the customers comes here. */
async function run(task: RebuildTask): Promise<void> {
  const { folder, upTo, divided } = task;
  const progress = new Progress(upTo);
  const from = divided ? Math.floor(upTo * FIRST) : upTo;
  const path = join(folder, task.search);
  const later = divided ? startPart({ ...task, from, path }, progress.scan) : undefined;
  const first: FirstPart = { upTo: from, path: divided ? earlierPart(path) : path };
  await withSources(task, (sources) => build(task, sources, first, later, progress));
  await later?.ended;
}

interface FirstPart {
  readonly upTo: number;
  readonly path: string;
}

async function build(
  { folder, upTo, customers }: RebuildTask,
  sources: Sources,
  first: FirstPart,
  later: PartThread | undefined,
  progress: Progress,
): Promise<void> {
  const options = { ...sources, path: join(folder, customers), upTo, now: Date.now };
  await rebuildCustomers(
    options,
    async (gathered) => {
      const search = new SearchBuild(first.path, sources.vault);
      try {
        const part = { from: 0, upTo: first.upTo };
        const corrupt = await scan(sources, part, { search, customers: gathered }, progress.scan);
        gathered.learn(search.opened());
        search.finish(first.upTo);
        if (corrupt !== undefined) throw corrupt;
      } finally {
        search.close();
      }
      if (later === undefined) return;
      const part = await later.gathered;
      // What waits for an event of the first part, or cannot be read, is found by going through the rest here.
      if (part === undefined || gathered.stopsAfter(first.upTo))
        await scanCustomers(options, first.upTo, gathered);
      else gathered.adopt(part);
    },
    progress.write,
  );
}
