import { Worker } from 'node:worker_threads';
import type { GatheredPart } from './rebuild-customers.js';

/** A part of the log for a thread of its own: the events in `(from, upTo]`, their search index at the path. */
export interface PartTask {
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  readonly from: number;
  readonly upTo: number;
  readonly path: string;
}

/** What the thread tells; `part` is undefined where an event could not be read. */
export type PartMessage =
  { readonly scanned: number } | { readonly part: GatheredPart | undefined } | { readonly failed: string };

export interface PartThread {
  /** What it has gathered for the customers; undefined where an event could not be read. */
  readonly gathered: Promise<GatheredPart | undefined>;
  /** Its search index is written. */
  readonly ended: Promise<void>;
}

/** Goes through a part of the log beside this thread; `onProgress` is told events. */
export function startPart(task: PartTask, onProgress: (events: number) => void): PartThread {
  const worker = new Worker(new URL('./rebuild-worker.js', import.meta.url), {
    workerData: task,
    name: 'rebuild',
  });
  const gathered = Promise.withResolvers<GatheredPart | undefined>();
  const ended = new Promise<void>((resolve, reject) => {
    let failure: Error | undefined;
    worker.on('message', (message: PartMessage) => {
      if ('scanned' in message) onProgress(message.scanned);
      else if ('part' in message) gathered.resolve(message.part);
      else failure = new Error(message.failed);
    });
    worker.once('error', (error: Error) => (failure = error));
    worker.once('exit', () => {
      gathered.reject(failure ?? new Error('a thread ended before it was done'));
      if (failure === undefined) resolve();
      else reject(failure);
    });
  });
  // Whoever waits for what was gathered is told first.
  ended.catch(() => undefined);
  gathered.promise.catch(() => undefined);
  return { gathered: gathered.promise, ended };
}
