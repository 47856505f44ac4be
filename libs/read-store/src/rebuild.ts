import { Worker } from 'node:worker_threads';
import type { RebuildProgress } from './rebuild-customers.js';
import { CUSTOMERS, newModelFile, SEARCH } from './models.js';
import type { ModelFiles } from './projector.js';

export interface RebuildOptions {
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** The head of the log: up to here is built. */
  readonly upTo: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (phase: 'customers' | 'search', progress: RebuildProgress) => void;
}

/** What a rebuild's worker is given. */
export interface RebuildTask {
  readonly folder: string;
  readonly masterKey: Uint8Array;
  readonly upTo: number;
  readonly model: 'customers' | 'search';
  readonly file: string;
}

/**
 * Builds both read models anew beside the live ones, each in a thread of its own, from the log alone. Nothing is
 * switched: `Projector.adopt` does that, or `switchModels` where no hub runs. An aborted build leaves files that the
 * next start removes.
 */
export async function rebuildModels(options: RebuildOptions): Promise<ModelFiles> {
  const { folder, masterKey, upTo } = options;
  const files = { [CUSTOMERS]: newModelFile(folder, CUSTOMERS), [SEARCH]: newModelFile(folder, SEARCH) };
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const tasks: RebuildTask[] = [
    { folder, masterKey, upTo, model: 'customers', file: files[CUSTOMERS] },
    { folder, masterKey, upTo, model: 'search', file: files[SEARCH] },
  ];
  try {
    await Promise.all(tasks.map((task) => runTask(task, signal, options.onProgress)));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  return files;
}

function runTask(
  task: RebuildTask,
  signal: AbortSignal,
  onProgress: RebuildOptions['onProgress'],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./rebuild-worker.js', import.meta.url), {
      workerData: task,
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
    const abort = (): void => {
      void worker.terminate();
      reject(signal.reason instanceof Error ? signal.reason : new Error('the rebuild was stopped'));
    };
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', (progress: RebuildProgress) => onProgress?.(task.model, progress));
    worker.on('error', reject);
    worker.on('exit', (code) => {
      signal.removeEventListener('abort', abort);
      if (code === 0) resolve();
      else reject(new Error(`the rebuild of ${task.model} ended with ${code}`));
    });
  });
}
