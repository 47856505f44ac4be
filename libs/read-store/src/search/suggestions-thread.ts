import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LookAlike } from '@threadline/projections/look-alikes/look-alikes';

/** Two customers, as they were: each by its party that was first seen. The likeliest pair is first in a list. */
export interface FoundPair extends Omit<LookAlike, 'a' | 'b'> {
  readonly ids: readonly [string, string];
  readonly handles: readonly [number, number];
}

export interface SuggestionsTask {
  readonly folder: string;
}

export interface FoundPairs {
  /** Everything up to here was compared. */
  readonly position: number;
  readonly pairs: readonly FoundPair[];
}

export type SuggestionsAnswer = FoundPairs | { readonly failed: string };

/** Compares all customers, in a thread of its own that ends with it: other requests get their turn, and its memory comes back. */
export async function findPairs(task: SuggestionsTask, signal: AbortSignal): Promise<FoundPairs> {
  const worker = new Worker(new URL('./suggestions-worker.js', import.meta.url), {
    workerData: task,
    name: 'suggestions',
  });
  try {
    const [answer] = (await once(worker, 'message', { signal })) as [SuggestionsAnswer];
    if ('failed' in answer) throw new Error(`suggestions could not be made: ${answer.failed}`);
    return answer;
  } finally {
    await worker.terminate();
  }
}
