import { rmSync } from 'node:fs';
import type { LocalLog } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import { SearchModel } from './search-model.js';
import { SearchProjector } from './search-projector.js';
import type { RebuildProgress } from './rebuild-customers.js';

const CHUNK = 2_000;
/** Of most logs this is everybody: names are looked up in memory, not in the index that is being built. */
const REMEMBERED = 250_000;

/** Builds the search index anew from the log up to `upTo`, in a file of its own. */
export async function rebuildSearch(
  { path, log, vault, upTo }: { path: string; log: LocalLog; vault: Vault; upTo: number },
  onProgress: (progress: RebuildProgress) => void = () => undefined,
): Promise<void> {
  rmSync(path, { force: true });
  const model = new SearchModel(path);
  try {
    model.database.exec(
      'PRAGMA synchronous = OFF; PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = 20000;',
    );
    const projector = new SearchProjector(model, vault, REMEMBERED);
    for (let after = 0; after < upTo;) {
      const events = log.after(after, Math.min(CHUNK, upTo - after));
      const last = events.at(-1);
      if (last === undefined) break;
      after = last.position;
      await projector.project(events, after);
      onProgress({ done: after, total: upTo });
    }
    model.checkpoint = upTo;
    model.database.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_checkpoint(TRUNCATE);');
  } finally {
    model.close();
  }
}
