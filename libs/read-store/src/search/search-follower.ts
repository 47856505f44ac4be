import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog, Position } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { nextEvents } from '../next-events.js';
import { SEARCH } from '../sqlite/models.js';
import { SearchModel } from './search-model.js';
import { SearchProjector } from './search-projector.js';
import { WordsIndex } from './words-index.js';

/** Events of one transaction. */
const BATCH = 500;
/** Milliseconds until what failed is tried again. */
const AGAIN = 500;

export interface SearchFollowerOptions {
  /** Of this process alone. */
  readonly folder: string;
  readonly log: Pick<LocalLog, 'after' | 'throughPosition'>;
  readonly vault: Vault;
  /** Told of each failure, of the vault or the disk; it is tried again until it succeeds. */
  readonly failed: (error: unknown) => void;
}

/**
 * The search index of one api process of a cluster: a file of its own, fed from the log with a checkpoint of its own.
 * It holds opened text, so it is not shared; where it is lost it is made again.
 */
export class SearchFollower {
  readonly words: WordsIndex;
  #work: Promise<void> | undefined;
  /** Something came since it was last looked. */
  #more = false;
  readonly #close = new AbortController();

  private constructor(
    private readonly projector: SearchProjector,
    private readonly log: SearchFollowerOptions['log'],
    private readonly failed: SearchFollowerOptions['failed'],
  ) {
    this.words = new WordsIndex([projector.model.database]);
  }

  static open({ folder, log, vault, failed }: SearchFollowerOptions): SearchFollower {
    const path = join(folder, `search.db.${SEARCH.slice(SEARCH.indexOf('@') + 1)}`);
    let model = new SearchModel(path);
    if (model.checkpoint > log.throughPosition()) {
      // The log was copied anew and has not come so far yet, or is another.
      model.close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
      model = new SearchModel(path);
    }
    return new SearchFollower(new SearchProjector(model, vault), log, failed);
  }

  /** Everything up to here can be found. */
  get position(): Position {
    return this.projector.model.checkpoint;
  }

  /** Resolves when it has taken in what the log has more, or was closed; `onPosition` is told after each batch. */
  advance(onPosition: (position: Position) => void): Promise<void> {
    this.#more = true;
    this.#work ??= this.#run(onPosition);
    return this.#work;
  }

  async close(): Promise<void> {
    this.#close.abort();
    await this.#work;
    this.projector.model.close();
  }

  async #run(onPosition: (position: Position) => void): Promise<void> {
    const { signal } = this.#close;
    while (this.#more && !signal.aborted) {
      this.#more = false;
      try {
        await this.#advance(onPosition);
      } catch (error) {
        this.failed(error);
        // Perhaps nothing more comes for hours, and what has come must be found before that.
        this.#more = true;
        await delay(AGAIN, undefined, { signal }).catch(() => undefined);
      }
    }
    this.#work = undefined;
  }

  async #advance(onPosition: (position: Position) => void): Promise<void> {
    while (!this.#close.signal.aborted) {
      // Before the events: what comes in between is of the next time.
      const through = this.log.throughPosition();
      const events = nextEvents(this.log, this.position, BATCH);
      const isDamaged = events instanceof CorruptEventError;
      const upTo = isDamaged ? events.position : (events.at(-1)?.position ?? through);
      if (upTo <= this.position) return;
      await this.projector.project(isDamaged ? [] : events, upTo);
      onPosition(upTo);
      // Reads are answered on this thread as well.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
