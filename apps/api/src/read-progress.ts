import { ThreadlineError } from '@threadline/platform/errors';

/** How long a read waits for a position. */
const PATIENCE = 5_000;

/** 504: the read models have not reached the position in time. Asked again, they may have. */
export class PositionNotReachedError extends ThreadlineError {
  constructor(wanted: number, reached: number) {
    super(
      `position ${wanted} was not reached within ${PATIENCE / 1000} s; the answer would be of ${reached}`,
      {
        code: 'position-not-reached',
        retriable: true,
        status: 504,
      },
    );
  }
}

interface Waiter {
  readonly position: number;
  readonly wake: () => void;
}

/**
 * How far the read models are, as the projector tells it. Positions only grow: what was told late changes nothing.
 * `patience` in milliseconds.
 */
export class ReadProgress {
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<(position: number) => void>();

  constructor(
    private reached: number,
    private readonly patience = PATIENCE,
  ) {}

  /** Everything up to here is in the read models. */
  get position(): number {
    return this.reached;
  }

  advance(position: number): void {
    if (position <= this.reached) return;
    this.reached = position;
    for (const waiter of this.#waiters) if (waiter.position <= position) waiter.wake();
    for (const listener of this.#listeners) listener(position);
  }

  /** Calls back after each advance, until the function that it gives is called. */
  listen(listener: (position: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves once `position` is reached, with how far the read models are then; throws `PositionNotReachedError`. */
  async reach(position: number): Promise<number> {
    if (position <= this.reached) return this.reached;
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const timer = setTimeout(() => {
        stop();
        reject(new PositionNotReachedError(position, this.reached));
      }, this.patience);
      const waiter: Waiter = {
        position,
        wake: () => {
          stop();
          resolve();
        },
      };
      this.#waiters.add(waiter);
    });
    return this.reached;
  }
}
