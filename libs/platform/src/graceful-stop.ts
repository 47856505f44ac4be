import { constants } from 'node:os';
import { EXIT } from './exit-codes.js';
import type { Logger } from './logger.js';

export interface GracefulStopOptions {
  readonly log: Logger;
  /** Milliseconds for all steps together. */
  readonly within?: number;
  /** Milliseconds that one of them waits on purpose: beside `within`. */
  readonly grace?: number;
}

/** Milliseconds. */
export const STOPS_WITHIN = 10_000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Ctrl-C comes twice: from the terminal, and from npm, which passes it on. Within so many milliseconds it is one. */
const TOGETHER = 500;

/**
 * Ends the process in order: what was added last is stopped first, each before the next. SIGTERM and SIGINT begin it;
 * the second signal ends the process at once, and so does the time limit: everything acknowledged is durable anyway.
 */
export class GracefulStop {
  readonly #steps: { readonly name: string; readonly stop: () => void | Promise<void> }[] = [];
  readonly #log: Logger;
  readonly #within: number;
  #stopping = false;

  constructor({ log, within = STOPS_WITHIN, grace = 0 }: GracefulStopOptions) {
    this.#log = log;
    this.#within = within + grace;
  }

  /** Add each thing when it has started, so that what it stands on is stopped after it. */
  add(name: string, stop: () => void | Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  /** From now on the signals are ours. */
  listen(): void {
    let first: { readonly signal: string; readonly at: number } | undefined;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        const at = performance.now();
        if (first?.signal === signal && at - first.at < TOGETHER) return;
        first ??= { signal, at };
        if (this.#stopping) process.exit(128 + constants.signals[signal]);
        void this.stop(signal);
      });
    }
  }

  /** Stops everything and ends the process: with `exitCode`, or 1 where a step failed or the time was over. */
  async stop(reason: string, exitCode: number = EXIT.ok): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#log.info({ reason }, 'stopping');
    let current = 'nothing';
    const limit = setTimeout(() => {
      this.#log.error({ step: current, within: this.#within }, 'did not stop in time');
      process.exit(exitCode || EXIT.refused);
    }, this.#within);
    let failed = false;
    for (const { name, stop } of this.#steps.reverse()) {
      current = name;
      try {
        await stop();
      } catch (error) {
        failed = true;
        this.#log.error({ step: name, err: error }, 'could not be stopped');
      }
    }
    clearTimeout(limit);
    this.#log.info({}, 'stopped');
    process.exit(exitCode || (failed ? EXIT.refused : EXIT.ok));
  }
}
