import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { SqliteVault } from '@threadline/vault/sqlite-vault';

/** Of most logs everybody's: every event is opened once, and a customer's next is seldom the next in the log. */
const KEYS_HELD = 500_000;

export interface Sources {
  readonly log: SqliteLogReader;
  readonly vault: SqliteVault;
}

/** Runs it with the log and the vault of the folder, opened to read, in a process that may end: it is begun again. */
export async function withSources<T>(
  { folder, masterKey }: { readonly folder: string; readonly masterKey: Uint8Array },
  work: (sources: Sources) => Promise<T>,
): Promise<T> {
  const log = SqliteLogReader.open({ folder, bulk: true });
  const vault = await SqliteVault.open({ folder, masterKey, readOnly: true, held: KEYS_HELD });
  try {
    return await work({ log, vault });
  } finally {
    await vault.close();
    await log.close();
  }
}
