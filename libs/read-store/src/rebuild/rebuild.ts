import { fork } from 'node:child_process';
import { LiveModels } from '../sqlite/live-models.js';
import { CUSTOMERS, newModelFile, ReadModelsUnusableError, SEARCH, switchModels } from '../sqlite/models.js';
import type { ModelFiles } from '../projector.js';

export interface RebuildProgress {
  readonly done: number;
  readonly total: number;
}

type Phase = 'customers' | 'search';

export interface RebuildOptions {
  readonly folder: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  /** The head of the log: up to here is built. */
  readonly upTo: number;
  readonly signal?: AbortSignal;
  /** A log of more events than this is gone through by two threads; default 10,000. */
  readonly worthDividing?: number;
  readonly onProgress?: (phase: Phase, progress: RebuildProgress) => void;
}

/** What a rebuild's process is given. */
export interface RebuildTask {
  readonly folder: string;
  readonly masterKey: Uint8Array;
  readonly upTo: number;
  readonly divided: boolean;
  /** The files to build. */
  readonly customers: string;
  readonly search: string;
}

/** What it answers with. */
export type RebuildAnswer =
  | { readonly progress: Readonly<Record<Phase, RebuildProgress>> }
  | { readonly failed: string }
  | { readonly built: true };

/** So many events are worth a further thread. */
const WORTH_DIVIDING = 10_000;

/**
 * Builds both read models anew beside the live ones, from the log alone. Nothing is switched: `Projector.adopt` does
 * that, or `switchModels` where no hub runs. An aborted build leaves files that the next start removes.
 */
export async function rebuildModels(options: RebuildOptions): Promise<ModelFiles> {
  const { folder, masterKey, upTo, worthDividing = WORTH_DIVIDING } = options;
  const files = { [CUSTOMERS]: newModelFile(folder, CUSTOMERS), [SEARCH]: newModelFile(folder, SEARCH) };
  const [customers, search] = [files[CUSTOMERS], files[SEARCH]];
  await runTask({ folder, masterKey, upTo, divided: upTo > worthDividing, customers, search }, options);
  return files;
}

/** A process and not a thread of this one: what a rebuild takes in memory is given back when it is over. */
function runTask(task: RebuildTask, { signal, onProgress }: RebuildOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./rebuild-process.js', import.meta.url), {
      // Large from the beginning, as it lives for seconds: V8 would get there by a collection each. And collected by the threads
      // that make the garbage: both cores are theirs, and helpers only take turns with them.
      execArgv: [
        ...['--min-semi-space-size=64', '--max-semi-space-size=64', '--initial-old-space-size=500'],
        '--single-threaded-gc',
      ],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const abort = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    let failure = new Error('the rebuild ended before it was done');
    child.on('message', (answer: RebuildAnswer) => {
      if ('progress' in answer) {
        onProgress?.('customers', answer.progress.customers);
        onProgress?.('search', answer.progress.search);
      } else if ('failed' in answer) failure = new Error(`the rebuild failed: ${answer.failed}`);
      // Durable, and closed: that the process goes takes a moment that nobody needs to wait for.
      else resolve();
    });
    child.once('error', (error) => (failure = error));
    child.once('close', () => {
      signal?.removeEventListener('abort', abort);
      reject(signal?.aborted === true && signal.reason instanceof Error ? signal.reason : failure);
    });
    // Not in its arguments or its environment, where others could read it.
    child.send(task);
    if (signal?.aborted === true) abort();
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
