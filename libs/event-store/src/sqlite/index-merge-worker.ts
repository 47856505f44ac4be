import { parentPort, workerData } from 'node:worker_threads';
import { StoreFullError } from '../errors.js';
import { mergeIndex, type MergeRequest } from './index-merge.js';

/** How a merge ended. */
export type MergeOutcome = 'merged' | { readonly full: boolean; readonly message: string };

// A worker that throws while another starts can take V8 down: the failure travels as a message.
function outcome(): MergeOutcome {
  try {
    mergeIndex(workerData as MergeRequest);
    return 'merged';
  } catch (error) {
    return {
      full: error instanceof StoreFullError,
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

parentPort?.postMessage(outcome());
