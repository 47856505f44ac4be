import { CATEGORIES } from '@threadline/domain/decision';
import type { Logger } from '@threadline/platform/logger';
import type { ModelFiles, Projector } from '@threadline/read-store/projector';

/** Outcome of trying a parked interaction again. */
export interface Redriven {
  readonly redriven: number;
  readonly parked: boolean;
  /** Why it stays parked. */
  readonly reason?: string;
}

/** After this long without a success something needs a person. */
const RETRY_MS = 1_000;

/**
 * Runs the projector: one thing at a time, since it is the one writer of the read models. Wake it as often as you
 * like; what comes while it works is seen in the same run.
 */
export class Projection {
  private work: Promise<unknown> = Promise.resolve();
  private waiting: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly projector: Projector,
    /** Told after each batch; the next one begins when it is done. */
    private readonly onProjected: (position: number) => void | Promise<void>,
    private readonly log: Logger,
  ) {}

  /** Resolves when everything that was in the log at this call is in the read models. */
  advance(): Promise<void> {
    this.waiting ??= this.alone(() => {
      this.waiting = undefined;
      return this.catchUp();
    });
    return this.waiting;
  }

  /** `id` of an interaction; of a decision, or of rules, that of its stream. */
  redrive(id: string): Promise<Redriven | undefined> {
    return this.alone(async () => {
      for (const category of CATEGORIES) {
        const redriven = await this.projector.redrive(`${category}-${id}`);
        await this.onProjected(this.projector.checkpoint);
        if (redriven !== undefined) return redriven;
      }
      return undefined;
    });
  }

  adopt(files: ModelFiles): Promise<void> {
    return this.alone(async () => {
      await this.projector.adopt(files);
      this.log.info(files, 'read models switched');
      await this.onProjected(this.projector.checkpoint);
    });
  }

  /** Tells once more what is projected, between two batches. */
  tell(): Promise<void> {
    return this.alone(async () => this.onProjected(this.projector.checkpoint));
  }

  async close(): Promise<void> {
    this.stopped = true;
    await this.work;
    this.projector.close();
  }

  private alone<T>(task: () => Promise<T>): Promise<T> {
    const result = this.work.then(task);
    this.work = result.catch(() => undefined);
    return result;
  }

  /** What fails here is the disk or a mistake of ours, never an event (those are parked): it is tried again. */
  private async catchUp(): Promise<void> {
    let parked = this.projector.parkedInteractions();
    for (let at = this.projector.checkpoint; !this.stopped;) {
      try {
        const next = await this.projector.next();
        if (next === at) return;
        at = next;
        await this.onProjected(at);
      } catch (error) {
        this.log.error({ err: error }, 'the read models could not be written');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      const now = this.projector.parkedInteractions();
      if (now > parked) this.log.error({ parked: now }, 'interactions are parked');
      parked = now;
    }
  }
}
