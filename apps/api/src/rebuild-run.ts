import type { RebuildProgress, Rebuilds } from './api-parts.js';

/** How far one model is built. */
export interface BuildStep {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** Builds new read models beside the live ones and switches to them. */
export type Rebuild = (onProgress: (step: BuildStep) => void) => Promise<void>;

/** Steps that wait for a follower who does not take them; older ones are left out. */
const MOST_STEPS = 64;

/** One rebuild at a time. It goes on to its end whether or not anybody follows it. */
export class RebuildRuns implements Rebuilds {
  #running = false;

  constructor(private readonly rebuild: Rebuild) {}

  start(): AsyncIterable<RebuildProgress> | undefined {
    if (this.#running) return undefined;
    this.#running = true;
    const steps: RebuildProgress[] = [];
    let moved = Promise.withResolvers<void>();
    const tell = (step: RebuildProgress): void => {
      if (steps.length === MOST_STEPS) steps.shift();
      steps.push(step);
      moved.resolve();
      moved = Promise.withResolvers();
    };
    let ended = false;
    const end = (step: RebuildProgress): void => {
      this.#running = false;
      ended = true;
      tell(step);
    };
    this.rebuild(tell).then(
      () => end({ phase: 'done' }),
      (error: unknown) =>
        end({ phase: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
    return (async function* () {
      for (;;) {
        const step = steps.shift();
        if (step !== undefined) yield step;
        else if (ended) return;
        else await moved.promise;
      }
    })();
  }
}
