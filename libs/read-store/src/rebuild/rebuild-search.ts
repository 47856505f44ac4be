import { rmSync } from 'node:fs';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { Vault } from '@threadline/vault/vault';
import { endBulk, startBulk, syncFile } from './bulk-write.js';
import { decode, isOfCustomers, type LoggedEvent } from '../customers/decode.js';
import { nextEvents } from '../next-events.js';
import { GatheredPeople } from '../search/people-index.js';
import { SearchModel } from '../search/search-model.js';
import { SearchProjector } from '../search/search-projector.js';
import type { Sources } from './rebuild-sources.js';

/** Events that are read at once: few, so that what was read is garbage before the collector would copy it. */
export const CHUNK = 64;

/** What FTS5 gathers before it writes a segment, and how many events go into one transaction: fewer segments to merge. */
const HASH_BYTES = 32 * 1_048_576;
const COMMITTED = 200_000;

/** A part of the log, and the file for its search index. */
export interface SearchPart {
  /** Of the events in `(from, upTo]`; `upTo` may come down meanwhile, as far as it is not passed. */
  readonly from: number;
  readonly upTo: number;
  readonly path: string;
}

/** Builds the read model `search`, or a part of it. What cannot be read is passed over: `customers` parks it. */
export async function buildSearch(
  { log, vault }: Sources,
  part: SearchPart,
  onProgress: (events: number, position: number) => void,
): Promise<void> {
  const build = new SearchBuild(part.path, vault);
  try {
    for (let after = part.from, upTo: number; after < (upTo = part.upTo);) {
      const events = nextEvents(log, after, Math.min(CHUNK, upTo - after));
      const corrupt = events instanceof CorruptEventError;
      if (!corrupt) await build.add((await decode(events.filter(isOfCustomers), vault)).logged);
      const last = corrupt ? events.position : (events.at(-1)?.position ?? upTo);
      onProgress(last - after, last);
      after = last;
    }
    build.finish(part.upTo);
  } finally {
    build.close();
  }
}

/** A search index in the making, in a file of its own. */
class SearchBuild {
  private readonly model: SearchModel;
  private readonly people: GatheredPeople;
  private readonly projector: SearchProjector;
  private waiting = 0;

  /** What is at the path is removed. */
  constructor(
    private readonly path: string,
    vault: Vault,
  ) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    this.model = new SearchModel(path, true);
    startBulk(this.model.database);
    this.model.database.exec('PRAGMA cache_size = -64000;');
    this.model.gather(HASH_BYTES);
    this.people = new GatheredPeople(this.model);
    this.projector = new SearchProjector(this.model, vault, this.people);
    this.model.begin();
  }

  /** The next events, in the order of the log. */
  async add(events: readonly LoggedEvent[]): Promise<void> {
    await this.projector.take(events);
    if ((this.waiting += events.length) < COMMITTED) return;
    this.waiting = 0;
    this.model.commit();
    this.model.begin();
  }

  /** Durable when it returns. */
  finish(upTo: number): void {
    this.people.writeAll();
    this.model.checkpoint = upTo;
    this.model.gather();
    this.model.commit();
    endBulk(this.model.database);
    this.model.close();
    syncFile(this.path);
  }

  /** Gives it up, unless it is finished. */
  close(): void {
    if (this.model.database.isOpen) this.model.close();
  }
}
