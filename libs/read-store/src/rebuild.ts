import { fork } from 'node:child_process';
import type { RebuildProgress } from './rebuild-customers.js';
import { LiveModels } from './live-models.js';
import {
  CUSTOMERS,
  earlierPart,
  newModelFile,
  ReadModelsUnusableError,
  SEARCH,
  switchModels,
} from './models.js';
import type { ModelFiles } from './projector.js';

export interface RebuildOptions {
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** The head of the log: up to here is built. */
  readonly upTo: number;
  readonly signal?: AbortSignal;
  /** A log of more events than this has its search index built by two processes; default 20,000. */
  readonly worthDividing?: number;
  readonly onProgress?: (phase: 'customers' | 'search', progress: RebuildProgress) => void;
}

/** What a rebuild's process is given. */
export interface RebuildTask {
  readonly folder: string;
  readonly masterKey: Uint8Array;
  /** Exclusive. */
  readonly from: number;
  readonly upTo: number;
  readonly model: 'customers' | 'search';
  readonly file: string;
}

/** So many events are worth a further process. */
const WORTH_DIVIDING = 20_000;

/**
 * Builds both read models anew beside the live ones, each in a process of its own, from the log alone. Nothing is
 * switched: `Projector.adopt` does that, or `switchModels` where no hub runs. An aborted build leaves files that the
 * next start removes.
 */
export async function rebuildModels(options: RebuildOptions): Promise<ModelFiles> {
  const { folder, masterKey, upTo, worthDividing = WORTH_DIVIDING } = options;
  const files = { [CUSTOMERS]: newModelFile(folder, CUSTOMERS), [SEARCH]: newModelFile(folder, SEARCH) };
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const [customers, search] = [files[CUSTOMERS], files[SEARCH]];
  const base = { folder, masterKey, from: 0, upTo };
  const tasks: RebuildTask[] = [{ ...base, model: 'customers', file: customers }];
  // Opening and cutting every text costs more than all else together: a long log is shared by two processes.
  const middle = upTo > worthDividing ? Math.floor(upTo / 2) : 0;
  if (middle > 0) tasks.push({ ...base, upTo: middle, model: 'search', file: earlierPart(search) });
  tasks.push({ ...base, from: middle, model: 'search', file: search });
  const done = new Map<RebuildTask, RebuildProgress>();
  const onProgress = (task: RebuildTask, progress: RebuildProgress): void => {
    done.set(task, progress);
    const total = task.model === 'search' ? upTo : progress.total;
    const ofModel = [...done].filter(([{ model }]) => model === task.model);
    options.onProgress?.(task.model, { done: ofModel.reduce((sum, [, { done }]) => sum + done, 0), total });
  };
  try {
    await Promise.all(tasks.map((task) => runTask(task, signal, (progress) => onProgress(task, progress))));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  return files;
}

/** What a rebuild's process answers with. */
export type RebuildAnswer =
  { readonly progress: RebuildProgress } | { readonly failed: string } | { readonly built: true };

/** A process and not a thread: what a rebuild takes in memory is given back when it is over. */
function runTask(
  task: RebuildTask,
  signal: AbortSignal,
  onProgress: (progress: RebuildProgress) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./rebuild-process.js', import.meta.url), {
      execArgv: ['--max-semi-space-size=32'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const abort = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', abort, { once: true });
    let failure = new Error(`the rebuild of ${task.model} ended before it was done`);
    let built = false;
    child.on('message', (answer: RebuildAnswer) => {
      if ('progress' in answer) onProgress(answer.progress);
      else if ('failed' in answer)
        failure = new Error(`the rebuild of ${task.model} failed: ${answer.failed}`);
      else built = true;
    });
    child.once('error', (error) => (failure = error));
    child.once('close', () => {
      signal.removeEventListener('abort', abort);
      if (built) resolve();
      else reject(signal.aborted && signal.reason instanceof Error ? signal.reason : failure);
    });
    // Not in its arguments or its environment, where others could read it.
    child.send(task);
    if (signal.aborted) abort();
  });
}

/** So many events behind, building anew is faster than following. */
const FAR_BEHIND = 50_000;

/**
 * Read models that are far behind the log, as in a folder that was restored, are built anew and made live at once.
 * For a start, before a projector has opened them.
 * @throws ReadModelsUnusableError
 */
export async function buildIfFarBehind(options: RebuildOptions): Promise<void> {
  const { folder, upTo } = options;
  if (upTo - checkpointOf(folder) > FAR_BEHIND) switchModels(folder, { ...(await rebuildModels(options)) });
}

function checkpointOf(folder: string): number {
  const models = new LiveModels(folder);
  try {
    return models.checkpoint();
  } catch (error) {
    throw new ReadModelsUnusableError(folder, error);
  } finally {
    models.close();
  }
}
