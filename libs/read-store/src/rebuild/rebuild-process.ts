import { join } from 'node:path';
import { earlierPart } from '../sqlite/models.js';
import { DividedLog } from './divided-log.js';
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
 * Builds both models in this thread; of a long log another one goes through it for the search index meanwhile. It is begun
 * before anything is loaded here: it has to load the same.
 */
async function run(task: RebuildTask): Promise<void> {
  const { folder, masterKey, upTo } = task;
  const progress = new Progress(upTo);
  const divided = task.divided ? DividedLog.of(upTo) : undefined;
  const path = earlierPart(join(folder, task.search));
  const earlier =
    divided && startSearch({ folder, masterKey, path, divided: divided.shared }, progress.search);
  const { buildModels } = await import('./build-models.js');
  await buildModels(task, divided, progress);
  await earlier;
}
