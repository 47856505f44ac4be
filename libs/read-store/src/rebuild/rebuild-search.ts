import { rmSync } from 'node:fs';
import type { PartyRecord, Vault } from '@threadline/vault/vault';
import { endBulk, startBulk, syncFile } from './bulk-write.js';
import type { LoggedEvent } from '../customers/decode.js';
import { GatheredPeople } from '../search/people-index.js';
import { SearchModel } from '../search/search-model.js';
import { SearchProjector } from '../search/search-projector.js';

/** What FTS5 gathers before it writes a segment, and how many events go into one transaction: fewer segments to merge. */
const HASH_BYTES = 32 * 1_048_576;
const COMMITTED = 200_000;

/** The read model `search` in the making, or a part of it, in a file of its own. */
export class SearchBuild {
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

  /** Who was opened. */
  opened(): Iterable<PartyRecord> {
    return this.people.records();
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
