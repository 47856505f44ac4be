import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import type { Config } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { loadMasterKey } from '@threadline/vault/master-key';
import { SqliteVault } from '@threadline/vault/sqlite-vault';

/** A folder is not what the command needs. Exit code 74; nothing was touched. */
export class FolderError extends ThreadlineError {
  constructor(message: string) {
    super(message, { code: 'folder', retriable: false, exitCode: EXIT.io });
  }
}

/** The stores of a data folder, opened to read beside whoever writes them. */
export interface ReadFolder {
  readonly log: SqliteLogReader;
  readonly vault: SqliteVault;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  close(): Promise<void>;
}

/** Throws `FolderError`, and what the stores throw. */
export async function openToRead(config: Config): Promise<ReadFolder> {
  const { folder } = config;
  requireStores(folder, `${folder} holds no hub's data: set THREADLINE_DATA`);
  const masterKey = loadMasterKey(config);
  const log = SqliteLogReader.open({ folder });
  try {
    const vault = await SqliteVault.open({ folder, masterKey, readOnly: true });
    return {
      log,
      vault,
      masterKey,
      close: async () => {
        await vault.close();
        await log.close();
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

export const LOG_FILE = 'log.db';
export const VAULT_FILE = 'vault.db';

export function requireStores(folder: string, otherwise: string): void {
  for (const file of [LOG_FILE, VAULT_FILE]) {
    if (!existsSync(join(folder, file))) throw new FolderError(`${otherwise} (there is no ${file})`);
  }
}

/** What lies in a folder, but for `but`; `[]` where there is no folder. */
export function contents(folder: string, but: readonly string[] = []): string[] {
  try {
    return readdirSync(folder).filter((name) => !but.includes(name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new FolderError(
      `${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Makes the folder, one level at a time: Node's `recursive` goes round for ever where none can be made, as in /proc. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    throw new FolderError(
      `${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
