import { setTimeout as delay } from 'node:timers/promises';
import { StoreRefusedError, StoreUnavailableError } from '../errors.js';
import { isRefusal } from './driver.js';

/** Milliseconds. */
export interface Patience {
  /** What one answer may take: the driver alone would wait for ever where a connection hangs. */
  readonly answer: number;
  /** How long the same is tried again. */
  readonly total: number;
  /** The first pause; each is twice the one before, up to a hundred times the first. */
  readonly pause: number;
}

export const PATIENCE: Patience = { answer: 10_000, total: 30_000, pause: 20 };

class LateError extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
  }
}

/** The answer, or a rejection when it has not come in time; what comes later is nobody's. */
export async function inTime<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The same iteration, each step of which must come in time. */
export async function* stepsInTime<T>(
  steps: AsyncGenerator<T, void, void>,
  milliseconds: number,
): AsyncGenerator<T, void, void> {
  try {
    for (;;) {
      const step = await inTime(steps.next(), milliseconds);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    // Not waited for: it ends when the step does that did not come.
    steps.return().catch(() => undefined);
  }
}

/** Counts what has failed in a row, pauses longer each time, and gives up in the end. */
export class Retries {
  readonly #what: string;
  readonly #patience: Patience;
  #failures = 0;
  #since = performance.now();

  /** `what` names the work in errors, without any content. */
  constructor(what: string, patience: Patience) {
    this.#what = what;
    this.#patience = patience;
  }

  /** It came right: what fails from now on is counted anew. */
  succeeded(): void {
    this.#failures = 0;
    this.#since = performance.now();
  }

  /**
   * Waits before the next try; with `forEver` it never gives up. Throws `StoreRefusedError` where trying again is of no
   * use, `StoreUnavailableError` where it was tried for long enough.
   */
  async failed(error: unknown, options: { forEver?: boolean; signal?: AbortSignal } = {}): Promise<void> {
    if (error instanceof StoreRefusedError) throw error;
    if (isRefusal(error)) throw new StoreRefusedError(this.#what, error);
    const { total, pause } = this.#patience;
    const wait = Math.min(pause * 2 ** this.#failures++, pause * 100);
    if (options.forEver !== true && performance.now() - this.#since + wait > total) {
      throw new StoreUnavailableError(this.#what, error);
    }
    await delay(wait, undefined, options.signal && { signal: options.signal }).catch(() => undefined);
  }
}
