import type { Append, AppendResult } from '../event-store.js';

/** One call of `append` that waits for its answer. */
export interface Call {
  readonly appends: readonly Append[];
  readonly resolve: (results: AppendResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Appends that share a transaction, at most; a call is never divided. */
const GROUP_APPENDS = 4_000;

/**
 * Group commit: what is called in one turn of the event loop is committed at its end, together; what is called
 * meanwhile is the next group. Nobody waits for company.
 */
export class AppendQueue {
  readonly #commit: (calls: readonly Call[]) => Promise<void>;
  #waiting: Call[] = [];
  #running: Promise<void> | undefined;

  /** `commit` answers every call and never rejects. */
  constructor(commit: (calls: readonly Call[]) => Promise<void>) {
    this.#commit = commit;
  }

  add(appends: readonly Append[]): Promise<AppendResult[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ appends, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#commit(this.#group());
    }
    this.#running = undefined;
  }

  #group(): Call[] {
    let appends = 0;
    let calls = 0;
    while (calls < this.#waiting.length && appends < GROUP_APPENDS) {
      appends += (this.#waiting[calls++] as Call).appends.length;
    }
    return this.#waiting.splice(0, calls);
  }

  /** Resolves when every call has its answer. */
  async drained(): Promise<void> {
    await this.#running;
  }
}
