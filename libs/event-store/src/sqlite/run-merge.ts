import { Worker } from 'node:worker_threads';
import { StoreFullError } from '../errors.js';
import { IndexUnusableError } from './index-file.js';
import type { MergeOutcome } from './index-merge-worker.js';
import type { MergeRequest } from './index-merge.js';
import { indexFile } from './schema.js';

/**
 * `mergeIndex` in a thread of its own, which ends with it. Rejects with `StoreFullError` where there was no room (the
 * index is as it was), with `IndexUnusableError` where anything else went wrong.
 */
export function runMerge(request: MergeRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./index-merge-worker.js', import.meta.url), {
      workerData: request,
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 },
    });
    let outcome: MergeOutcome = { full: false, message: 'the merge ended without an answer' };
    worker.on('message', (message: MergeOutcome) => (outcome = message));
    worker.on('error', (error) => reject(new IndexUnusableError(error)));
    worker.on('exit', () => {
      if (outcome === 'merged') resolve();
      else if (outcome.full) reject(new StoreFullError(indexFile(request.folder), outcome.message));
      else reject(new IndexUnusableError(outcome.message));
    });
  });
}
