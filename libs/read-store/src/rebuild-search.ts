import { rmSync } from 'node:fs';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { nextEvents } from './next-events.js';
import { GatheredPeople } from './people-index.js';
import { SearchModel } from './search-model.js';
import { SearchProjector } from './search-projector.js';
import type { RebuildProgress } from './rebuild-customers.js';

const CHUNK = 2_000;
/** What FTS5 gathers before it writes a segment, and how many events go into one transaction: fewer segments to merge. */
const HASH_BYTES = 32 * 1_048_576;
const COMMITTED = 20_000;

/** Builds the search index of the events in `(from, upTo]` anew, in a file of its own; what cannot be read is left out. */
export async function rebuildSearch(
  { path, log, vault, from, upTo }: { path: string; log: LocalLog; vault: Vault; from: number; upTo: number },
  onProgress: (progress: RebuildProgress) => void = () => undefined,
): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
  const model = new SearchModel(path);
  try {
    model.database.exec(
      'PRAGMA synchronous = OFF; PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 20000;',
    );
    model.gather(HASH_BYTES);
    const people = new GatheredPeople(model);
    const projector = new SearchProjector(model, vault, people);
    for (let after = from; after < upTo;) {
      const end = Math.min(after + COMMITTED, upTo);
      model.begin();
      while (after < end) {
        const events = nextEvents(log, after, Math.min(CHUNK, end - after));
        if (events instanceof CorruptEventError) after = events.position;
        else {
          after = events.at(-1)?.position ?? end;
          await projector.index(events);
        }
      }
      model.commit();
      onProgress({ done: after - from, total: upTo - from });
    }
    people.writeAll();
    model.checkpoint = upTo;
    model.gather();
    model.database.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_checkpoint(TRUNCATE);');
  } finally {
    model.close();
  }
}
