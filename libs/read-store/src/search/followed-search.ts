import { join } from 'node:path';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { nextEvents } from '../next-events.js';
import { newModelFile, readModels, ReadModelsUnusableError, SEARCH, switchModels } from '../sqlite/models.js';
import { openSearch, SearchModel } from './search-model.js';
import { SearchProjector } from './search-projector.js';
import { WordsIndex } from './words-index.js';

export interface FollowedSearchOptions {
  /** Of this process alone: the one place where a cluster's reader keeps personal data opened. */
  readonly folder: string;
  /** This process's copy of the log. */
  readonly log: Pick<LocalLog, 'after' | 'headPosition'>;
  readonly vault: Vault;
}

const BATCH = 1_000;

/**
 * The search index of a process that reads from a cluster: an FTS5 file of its own, fed from its copy of the log, with a
 * checkpoint of its own. It may be thrown away: it is filled again.
 */
export class FollowedSearch {
  readonly words: WordsIndex;

  private constructor(
    private readonly options: FollowedSearchOptions,
    private readonly projector: SearchProjector,
    private readonly reader: ReturnType<typeof openSearch>,
  ) {
    this.words = new WordsIndex([reader]);
  }

  /**
   * Opens what is there; begins anew where there is nothing of this version, or where it has come further than the log.
   * @throws ReadModelsUnusableError
   */
  static open(options: FollowedSearchOptions): FollowedSearch {
    const { folder, log, vault } = options;
    try {
      let file = readModels(folder)[SEARCH]?.live ?? newModelFile(folder, SEARCH);
      let model = new SearchModel(join(folder, file));
      if (model.checkpoint > log.headPosition()) {
        model.close();
        file = newModelFile(folder, SEARCH);
        model = new SearchModel(join(folder, file));
      }
      switchModels(folder, { [SEARCH]: file });
      const reader = openSearch(join(folder, file), true);
      return new FollowedSearch(options, new SearchProjector(model, vault), reader);
    } catch (error) {
      throw new ReadModelsUnusableError(folder, error);
    }
  }

  /** Everything up to here can be found. */
  get checkpoint(): number {
    return this.projector.model.checkpoint;
  }

  /** Indexes the next events, if there are any. Answers the checkpoint after it: the same one where there were none. */
  async next(): Promise<number> {
    const { checkpoint } = this;
    const events = nextEvents(this.options.log, checkpoint, BATCH);
    if (events instanceof CorruptEventError) return (this.projector.model.checkpoint = events.position);
    const last = events.at(-1);
    if (last === undefined) return checkpoint;
    await this.projector.project(events, last.position);
    return last.position;
  }

  close(): void {
    this.reader.close();
    this.projector.model.close();
  }
}
