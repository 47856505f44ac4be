import { CorruptEventError } from '@threadline/event-store/errors';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { decode, isOfCustomers } from '../customers/decode.js';
import { nextEvents } from '../next-events.js';
import type { GatheredCustomers } from './rebuild-customers.js';
import type { SearchBuild } from './rebuild-search.js';

/** Few, so that what was read is garbage before the collector would copy it. */
const CHUNK = 64;
/** Of most logs everybody's: every event is opened once, and a customer's next is seldom the next in the log. */
const KEYS_HELD = 500_000;

export interface Sources {
  readonly log: SqliteLogReader;
  readonly vault: SqliteVault;
}

/** Runs it with the log and the vault of the folder, opened to read. */
export async function withSources<T>(
  { folder, masterKey }: { readonly folder: string; readonly masterKey: Uint8Array },
  work: (sources: Sources) => Promise<T>,
): Promise<T> {
  const log = SqliteLogReader.open({ folder });
  const vault = await SqliteVault.open({ folder, masterKey, readOnly: true, held: KEYS_HELD });
  try {
    return await work({ log, vault });
  } finally {
    await vault.close();
    await log.close();
  }
}

/**
 * Goes once through the events in `(from, upTo]` for both models: each is read, checked and decoded once. The search index
 * passes over what cannot be read; the customers are given up then, and the error is answered.
 */
export async function scan(
  { log, vault }: Sources,
  { from, upTo }: { readonly from: number; readonly upTo: number },
  { search, customers }: { readonly search: SearchBuild; readonly customers: GatheredCustomers },
  onProgress: (events: number) => void,
): Promise<CorruptEventError | undefined> {
  let corrupt: CorruptEventError | undefined;
  for (let after = from; after < upTo;) {
    const events = nextEvents(log, after, Math.min(CHUNK, upTo - after));
    if (events instanceof CorruptEventError) {
      corrupt ??= events;
      after = events.position;
      continue;
    }
    const decoded = await decode(events.filter(isOfCustomers), vault);
    await search.add(decoded.logged);
    if (corrupt === undefined) customers.add(events, decoded);
    const last = events.at(-1)?.position ?? upTo;
    onProgress(last - after);
    after = last;
  }
  return corrupt;
}
