/** Whether an append can be expected to work: what the hub's readiness asks. */
export interface IngestHealth {
  readonly ready: boolean;
  /** The code of the error that the last write failed with. */
  readonly reason: string | null;
}

/** The topic of the question. */
export const HEALTH = 'ingest.health';

/** Remembers how the last write ended. The next one that works heals it: whoever was refused tries again. */
export class WriteHealth {
  #reason: string | null = null;

  get state(): IngestHealth {
    return { ready: this.#reason === null, reason: this.#reason };
  }

  /** Passes the outcome of a write on, and remembers it. */
  async watch<T>(write: Promise<T>): Promise<T> {
    const outcome = await this.watchStep(write);
    this.#reason = null;
    return outcome;
  }

  /** The same for what comes before a write: that it failed is remembered, that it worked says nothing yet. */
  async watchStep<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (error) {
      const { code, retriable } = (error ?? {}) as { code?: unknown; retriable?: unknown };
      // What is not retriable says something of that write, and nothing of the next one.
      if (retriable === true) this.#reason = typeof code === 'string' ? code : 'unknown';
      throw error;
    }
  }
}
