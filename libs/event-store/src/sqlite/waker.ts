/** Those who wait for something to happen, and whoever tells them. */
export class Waker {
  readonly #waiting = new Set<() => void>();

  /** Wakes everybody who waits now. */
  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next `wake`, at the latest after `atMost` milliseconds, or when the signal is aborted. */
  wait(signal: AbortSignal | undefined, atMost: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const done = (): void => {
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener('abort', done);
      if (atMost !== undefined) timer = setTimeout(done, atMost);
      if (signal?.aborted) done();
    });
  }
}
