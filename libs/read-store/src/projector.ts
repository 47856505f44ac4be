import { join } from 'node:path';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { CustomersModel } from './sqlite/customers-model.js';
import { CustomersProjector } from './customers-projector.js';
import {
  CUSTOMERS,
  newModelFile,
  readModels,
  ReadModelsUnusableError,
  removeUnused,
  SEARCH,
  switchModels,
} from './sqlite/models.js';
import { nextEvents } from './next-events.js';
import { SearchModel } from './search/search-model.js';
import { SearchProjector } from './search/search-projector.js';

export interface ProjectorOptions {
  readonly folder: string;
  readonly log: LocalLog;
  readonly vault: Vault;
  readonly now: () => number;
}

/** The files of one build of the read models, by `name@version`. */
export interface ModelFiles {
  readonly [CUSTOMERS]: string;
  readonly [SEARCH]: string;
}

const BATCH = 1_000;
/** Milliseconds. */
const PROGRESS_EVERY = 250;

/**
 * Keeps the live read models up to date with the log; the one writer of them. Each model carries its own checkpoint,
 * written together with what it is the checkpoint of, so that a projector that was killed goes on where each stands.
 */
export class Projector {
  private constructor(
    private readonly options: ProjectorOptions,
    private customers: CustomersProjector,
    private search: SearchProjector,
  ) {}

  /**
   * Opens the live models; makes empty ones where there are none of these versions, or where they have come further
   * than the log: it was put back from a copy, and what is after that would be taken for known.
   * @throws ReadModelsUnusableError
   */
  static open(options: ProjectorOptions): Projector {
    try {
      return Projector.live(options);
    } catch (error) {
      throw new ReadModelsUnusableError(options.folder, error);
    }
  }

  private static live(options: ProjectorOptions): Projector {
    const { folder, log } = options;
    const models = readModels(folder);
    let files = {
      [CUSTOMERS]: models[CUSTOMERS]?.live ?? newModelFile(folder, CUSTOMERS),
      [SEARCH]: models[SEARCH]?.live ?? newModelFile(folder, SEARCH),
    };
    let projector = new Projector(options, ...writers(options, files));
    const { customers, search } = projector;
    if (Math.max(customers.model.checkpoint, search.model.checkpoint) > log.throughPosition()) {
      projector.close();
      files = { [CUSTOMERS]: newModelFile(folder, CUSTOMERS), [SEARCH]: newModelFile(folder, SEARCH) };
      projector = new Projector(options, ...writers(options, files));
    }
    removeUnused(folder, switchModels(folder, files));
    return projector;
  }

  /** Everything up to here is in the read models; what is parked counts as in. */
  get checkpoint(): number {
    return Math.min(this.customers.model.checkpoint, this.search.model.checkpoint);
  }

  /** Folds the next events in, if there are any. Answers the checkpoint after it. */
  async next(): Promise<number> {
    const { checkpoint } = this;
    const { log } = this.options;
    // Before the events: what comes in between is of the next time.
    const through = log.throughPosition();
    const events = nextEvents(log, checkpoint, BATCH);
    if (events instanceof CorruptEventError) {
      this.customers.parkCorrupt(events);
      this.search.model.checkpoint = events.position;
      return events.position;
    }
    const last = events.at(-1);
    if (last === undefined) return this.pass(through);
    for (const projector of [this.customers, this.search]) {
      const done = projector.model.checkpoint;
      await projector.project(
        events.filter(({ position }) => position > done),
        Math.max(done, last.position),
      );
    }
    return last.position;
  }

  /** Nothing of ours lies up to there. */
  private pass(through: number): number {
    for (const { model } of [this.customers, this.search])
      if (model.checkpoint < through) model.checkpoint = through;
    return this.checkpoint;
  }

  /** Tries a parked interaction again: how many of its events came in, and whether it stays parked. */
  async redrive(stream: string): Promise<{ redriven: number; parked: boolean; reason?: string } | undefined> {
    const positions = this.customers.model.parkedPositions(stream);
    if (positions.length === 0) return undefined;
    let reason: string | undefined;
    try {
      reason = await this.customers.redrive(stream);
    } catch (error) {
      if (!(error instanceof CorruptEventError)) throw error;
      reason = error.message;
    }
    if (reason !== undefined) return { redriven: 0, parked: true, reason };
    const events = this.options.log.at(positions).filter((event) => event !== undefined);
    await this.search.index(events);
    return { redriven: positions.length, parked: false };
  }

  /** What the projector writes: for who brings it elsewhere. */
  get model(): CustomersModel {
    return this.customers.model;
  }

  /**
   * New read models beside the live ones, for `adopt`, built by following the log. Between two batches others may go on
   * with the live ones.
   */
  async build(
    onProgress: (progress: { done: number; total: number }) => void,
    signal?: AbortSignal,
  ): Promise<ModelFiles> {
    const { folder, log } = this.options;
    const files = { [CUSTOMERS]: newModelFile(folder, CUSTOMERS), [SEARCH]: newModelFile(folder, SEARCH) };
    const next = new Projector(this.options, ...writers(this.options, files));
    let told = -Infinity;
    try {
      for (let total = log.headPosition(); next.checkpoint < total; total = log.headPosition()) {
        signal?.throwIfAborted();
        const done = await next.next();
        if (performance.now() < told + PROGRESS_EVERY) continue;
        told = performance.now();
        onProgress({ done, total });
      }
    } finally {
      next.close();
    }
    return files;
  }

  /**
   * Takes over a build of the read models that was made beside the live ones: brings it up to date and makes it live.
   * What was live before stays on disk, to go back to.
   */
  async adopt(files: ModelFiles): Promise<void> {
    const next = new Projector(this.options, ...writers(this.options, files));
    const head = this.options.log.headPosition();
    while (next.checkpoint < head) await next.next();
    switchModels(this.options.folder, { ...files });
    this.close();
    this.customers = next.customers;
    this.search = next.search;
  }

  parkedInteractions(): number {
    return this.customers.model.parkedInteractions();
  }

  close(): void {
    this.customers.model.close();
    this.search.model.close();
  }
}

function writers(options: ProjectorOptions, files: ModelFiles): [CustomersProjector, SearchProjector] {
  const { folder, log, vault, now } = options;
  return [
    new CustomersProjector(new CustomersModel(join(folder, files[CUSTOMERS])), log, vault, now),
    new SearchProjector(new SearchModel(join(folder, files[SEARCH])), vault),
  ];
}
