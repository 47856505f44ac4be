import { setTimeout as delay } from 'node:timers/promises';
import { isRetriable } from '@threadline/platform/errors';
import type { DriverBatch, Incoming } from './driver.js';

/** How often a message is tried that fails alone, and how long the pauses are: 12 s in all. */
const PATIENCE: Patience = { attempts: 8, firstPause: 100, longestPause: 5_000 };
/** Milliseconds between two looks at the group, in long work. */
const HEARTBEAT = 250;

export interface Patience {
  readonly attempts: number;
  /** Milliseconds; each pause is twice the one before. */
  readonly firstPause: number;
  readonly longestPause: number;
}

export interface BatchRunOptions {
  readonly handle: (message: Incoming) => Promise<unknown>;
  /** Puts it aside, for good; tried again until it works. */
  readonly bury: (message: Incoming, error: unknown, attempts: number) => Promise<void>;
  /** It says nothing of the message: nothing can be written for now, and the message waits for as long as that is so. */
  readonly isOutage: (error: unknown) => boolean;
  /** Told of each pause before another attempt. */
  readonly waiting: (error: unknown, attempts: number) => void;
  /** Nothing new is begun, and no pause waited out. */
  readonly closing: AbortSignal;
  readonly patience?: Patience;
}

interface Item {
  readonly message: Incoming;
  done: boolean;
}

/**
 * Handles what one fetch brought of one partition: messages of one key one after the other, all others at the same time.
 * An offset is resolved when its message and all before it are done: handled, or put aside. Resolves when nothing is under
 * way any more; throws what the group said, where the partition may not be ours any more.
 */
export async function runBatch(batch: DriverBatch, options: BatchRunOptions): Promise<void> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([stopped.signal, options.closing]);
  const items = batch.messages.map((message): Item => ({ message, done: false }));
  let resolved = 0;
  const resolve = (): void => {
    let last: Item | undefined;
    for (; items[resolved]?.done === true; resolved++) last = items[resolved];
    if (last !== undefined) batch.resolve(last.message.offset);
  };
  let failure: unknown;
  const finished = new AbortController();
  const watch = async (): Promise<void> => {
    while (!finished.signal.aborted) {
      await delay(HEARTBEAT, undefined, { signal: finished.signal }).catch(() => undefined);
      if (finished.signal.aborted) return;
      if (!batch.running()) stopped.abort();
      try {
        await batch.heartbeat();
        resolve();
        await batch.commit();
      } catch (error) {
        failure ??= error;
        stopped.abort();
      }
    }
  };
  const watching = watch();
  const lane = async (items: readonly Item[]): Promise<void> => {
    for (const item of items) {
      if (signal.aborted) return;
      item.done = await settle(item.message, options, signal);
      if (!item.done) return;
    }
  };
  await Promise.all(lanesOf(items).map(lane));
  finished.abort();
  await watching;
  resolve();
  if (failure !== undefined) throw failure as Error;
}

/** By key; a message without one has a lane of its own. */
function lanesOf(items: readonly Item[]): Item[][] {
  const lanes: Item[][] = [];
  const byKey = new Map<string, Item[]>();
  for (const item of items) {
    const key = item.message.key?.toString('latin1');
    const lane = key === undefined ? undefined : byKey.get(key);
    if (lane !== undefined) lane.push(item);
    else {
      const fresh = [item];
      lanes.push(fresh);
      if (key !== undefined) byKey.set(key, fresh);
    }
  }
  return lanes;
}

/** True when it is done, one way or the other; false where it was left because of the signal. */
async function settle(message: Incoming, options: BatchRunOptions, signal: AbortSignal): Promise<boolean> {
  let attempts = 0;
  const { patience = PATIENCE } = options;
  for (let pause = patience.firstPause; ; pause = Math.min(2 * pause, patience.longestPause)) {
    try {
      await options.handle(message);
      return true;
    } catch (error) {
      const outage = options.isOutage(error);
      if (!outage) attempts++;
      if (!outage && (!isRetriable(error) || attempts >= patience.attempts))
        return bury(message, error, attempts, options, signal);
      options.waiting(error, attempts);
    }
    if (!(await waited(pause, signal))) return false;
  }
}

async function bury(
  message: Incoming,
  reason: unknown,
  attempts: number,
  options: BatchRunOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { patience = PATIENCE } = options;
  for (let pause = patience.firstPause; ; pause = Math.min(2 * pause, patience.longestPause)) {
    try {
      await options.bury(message, reason, attempts);
      return true;
    } catch (error) {
      options.waiting(error, attempts);
    }
    if (!(await waited(pause, signal))) return false;
  }
}

const waited = (milliseconds: number, signal: AbortSignal): Promise<boolean> =>
  delay(milliseconds, true, { signal }).catch(() => false);
