import { Worker } from 'node:worker_threads';

/** The search index of a log from its beginning, for a thread of its own. */
export interface SearchTask {
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  readonly path: string;
  /** Of a `DividedLog`. */
  readonly divided: SharedArrayBuffer;
}

/** What the thread tells. */
export type SearchMessage = { readonly indexed: number } | { readonly failed: string };

/** Builds the search index beside this thread, or as much of it as nobody takes away; `onProgress` is told events. Resolves when it is durable. */
export function startSearch(task: SearchTask, onProgress: (events: number) => void): Promise<void> {
  const worker = new Worker(new URL('./rebuild-worker.js', import.meta.url), {
    workerData: task,
    name: 'rebuild',
  });
  const ended = new Promise<void>((resolve, reject) => {
    let failure: Error | undefined;
    worker.on('message', (message: SearchMessage) => {
      if ('indexed' in message) onProgress(message.indexed);
      else failure = new Error(message.failed);
    });
    worker.once('error', (error: Error) => (failure = error));
    worker.once('exit', () => {
      if (failure === undefined) resolve();
      else reject(failure);
    });
  });
  // It may fail before anybody waits for it.
  ended.catch(() => undefined);
  return ended;
}
