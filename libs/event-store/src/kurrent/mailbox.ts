/** Messages that lie in it before whoever fills it should wait. */
const FULL = 128;

/** Between one who tells and one who listens: in order, with an end, and with room. */
export class Mailbox<T> {
  readonly #messages: T[] = [];
  #ended = false;
  #error: Error | undefined;
  #arrived = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  /** Always taken; wait for `room` before there is more. */
  put(message: T): void {
    if (this.#ended) return;
    this.#messages.push(message);
    this.#arrived.resolve();
  }

  /** What lies in it is still taken. The first end counts. */
  end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#arrived.resolve();
    this.#taken.resolve();
  }

  /** Resolves when there is room, or nobody listens any more. */
  async room(): Promise<void> {
    while (this.#messages.length >= FULL && !this.#ended) {
      this.#taken = Promise.withResolvers();
      await this.#taken.promise;
    }
  }

  /**
   * The next message; 'idle' when none has come for so many milliseconds; `undefined` at the end. Throws what it was
   * ended with.
   */
  async next(idleAfter: number): Promise<T | 'idle' | undefined> {
    if (this.#messages.length === 0 && !this.#ended) {
      this.#arrived = Promise.withResolvers();
      let timer: NodeJS.Timeout | undefined;
      const idle = new Promise<void>((resolve) => (timer = setTimeout(resolve, idleAfter)));
      await Promise.race([this.#arrived.promise, idle]);
      clearTimeout(timer);
    }
    const message = this.#messages.shift();
    if (message !== undefined) {
      this.#taken.resolve();
      return message;
    }
    if (!this.#ended) return 'idle';
    if (this.#error !== undefined) throw this.#error;
    return undefined;
  }
}
