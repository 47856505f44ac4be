import { parentPort, workerData } from 'node:worker_threads';
import { lookAlikes } from '@threadline/projections/look-alikes/look-alikes';
import { LiveModels } from '../sqlite/live-models.js';
import { customerRecords } from './look-alike-records.js';
import type { FoundPair, SuggestionsAnswer, SuggestionsTask } from './suggestions-thread.js';

/** What is less likely is not kept, and not more than so many. */
const LEAST_SCORE = 0.05;
const MOST_PAIRS = 20_000;

function suggest({ folder }: SuggestionsTask): SuggestionsAnswer {
  const models = new LiveModels(folder);
  try {
    const release = models.hold();
    const position = models.checkpoint();
    const records = customerRecords(models);
    release();
    const handles = new Map(records.map(({ handle, record }) => [record.id, handle]));
    const found = lookAlikes(
      records.map(({ record }) => record),
      LEAST_SCORE,
    );
    const pairs = found.slice(0, MOST_PAIRS).map(({ a, b, ...pair }): FoundPair => ({
      ...pair,
      ids: [a, b],
      handles: [handles.get(a) as number, handles.get(b) as number],
    }));
    return { position, pairs };
  } finally {
    models.close();
  }
}

try {
  parentPort?.postMessage(suggest(workerData as SuggestionsTask));
} catch (error) {
  // Told, not thrown: a thread that throws while others start can take V8 down.
  const failed = error instanceof Error ? error.message : String(error);
  parentPort?.postMessage({ failed } satisfies SuggestionsAnswer);
}
