import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '@threadline/event-store/event-store';
import type { OpenedLog } from '../customers/opened-log.js';
import type { View, Views } from '../customers/view.js';
import type { WordsIndex } from '../search/words-index.js';
import type { RedisDriver } from './driver.js';
import { NotBuiltError, ReadStoreRestlessError } from './errors.js';
import { CombinedSummaries, RedisCustomerRows } from './redis-customer-rows.js';
import { liveMoment, LostError, MovedError, Session } from './session.js';

/** What lies beside the rows in the process that reads. */
export interface Beside {
  readonly opened: OpenedLog;
  readonly words: () => WordsIndex;
  /** Resolves when the log that is `opened` holds everything up to there; rejects with what is to be answered instead. */
  readonly reached: (position: Position) => Promise<void>;
}

/** How often a read begins anew because what it looked at was just changed. */
const TRIES = 20;
/** Milliseconds between two tries, at most. */
const LONGEST_PAUSE = 50;

/** Reads of a model in a Redis: each sees one state of it, or begins anew. */
export class RedisViews implements Views {
  private readonly combined = new CombinedSummaries();

  constructor(
    private readonly driver: RedisDriver,
    private readonly model: string,
    private readonly beside: Beside,
  ) {}

  /** @throws NotBuiltError, ReadStoreBusyError, ReadStoreRestlessError */
  async read<T>(work: (view: View) => Promise<T>): Promise<T> {
    let lostBuild: string | undefined;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await delay(Math.min(2 ** attempt, LONGEST_PAUSE));
      const moment = await liveMoment(this.driver, this.model);
      if (moment === undefined) throw new NotBuiltError(this.model);
      await this.beside.reached(moment.position);
      const rows = new RedisCustomerRows(new Session(this.driver, moment, this.model), this.combined);
      try {
        return await work({ rows, words: this.beside.words(), opened: this.beside.opened });
      } catch (error) {
        if (!(error instanceof MovedError)) throw error;
        if (!(error instanceof LostError)) continue;
        // Another build may have taken the place of this one; the same one will not come back by itself.
        if (lostBuild === moment.build) throw new NotBuiltError(this.model);
        lostBuild = moment.build;
      }
    }
    throw new ReadStoreRestlessError(TRIES);
  }
}
