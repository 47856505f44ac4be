import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EventStore, LocalLog } from '@threadline/event-store/event-store';
import { LogCopyReader } from '@threadline/event-store/log-copy-reader';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { ConfigurationError, type Config } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { CUSTOMERS, readModels } from '@threadline/read-store/sqlite/models';
import { loadMasterKey } from '@threadline/vault/master-key';
import { RedisVault } from '@threadline/vault/redis-vault';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import type { Vault } from '@threadline/vault/vault';
import { UsageError } from './usage-error.js';

/** A folder is not what the command needs. Exit code 74; nothing was touched. */
export class FolderError extends ThreadlineError {
  constructor(message: string) {
    super(message, { code: 'folder', retriable: false, exitCode: EXIT.io });
  }
}

/** The stores behind a data folder, opened to read beside whoever writes them. */
export interface ReadFolder {
  readonly log: LocalLog & Pick<EventStore, 'readAll'>;
  readonly vault: Vault;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  close(): Promise<void>;
}

/**
 * The log and the vault of a hub's folder; in cluster mode a projector's copy of the log, and the vault's Redis. Throws
 * `FolderError`, `ConfigurationError`, and what the stores throw.
 */
export const openToRead = (config: Config): Promise<ReadFolder> =>
  config.mode === 'cluster' ? openProjector(config) : openHub(config);

async function openHub(config: Config): Promise<ReadFolder> {
  const { folder } = config;
  requireStores(folder, `${folder} holds no hub's data: set THREADLINE_DATA`);
  const masterKey = loadMasterKey(config);
  const log = SqliteLogReader.open({ folder });
  return withVault(log, masterKey, () => SqliteVault.open({ folder, masterKey, readOnly: true }));
}

async function openProjector(config: Config): Promise<ReadFolder> {
  const { folder } = config;
  const url = clusterVault(config);
  if (!existsSync(join(folder, COPY_FILE)) || readModels(folder)[CUSTOMERS] === undefined)
    throw new FolderError(
      `${folder} is no projector's: in cluster mode THREADLINE_DATA has to be the folder of one that runs or has run`,
    );
  const masterKey = clusterMasterKey(config);
  const log = LogCopyReader.open({ folder });
  return withVault(log, masterKey, () => RedisVault.open({ url, masterKey, readOnly: true }));
}

/** Of the variables alone: a service's folder has none. */
export function clusterMasterKey(config: Config): Uint8Array {
  if (config.masterKey === undefined && config.masterKeyFile === undefined)
    throw neededInCluster('THREADLINE_MASTER_KEY');
  return loadMasterKey(config);
}

/** The address of its Redis. */
export function clusterVault({ vault }: Config): string {
  if (vault === undefined) throw neededInCluster('THREADLINE_VAULT');
  return vault;
}

const neededInCluster = (variable: string): ConfigurationError =>
  new ConfigurationError([{ variable, message: 'is needed in cluster mode' }]);

async function withVault(
  log: SqliteLogReader | LogCopyReader,
  masterKey: Uint8Array,
  open: () => Promise<SqliteVault | RedisVault>,
): Promise<ReadFolder> {
  try {
    const vault = await open();
    return {
      ...{ log, vault, masterKey },
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
/** Of a cluster's log, in the folder of a projector or an api. */
export const COPY_FILE = 'log-copy.db';

export function requireStores(folder: string, otherwise: string): void {
  if (existsSync(join(folder, COPY_FILE)))
    throw new FolderError(`${folder} belongs to a service of a cluster: set THREADLINE_MODE=cluster`);
  for (const file of [LOG_FILE, VAULT_FILE]) {
    if (!existsSync(join(folder, file))) throw new FolderError(`${otherwise} (there is no ${file})`);
  }
}

/** For a command that is about a hub's folder alone; `instead` says what does the same in a cluster. */
export function requireHub({ mode }: Config, command: string, instead: string): void {
  if (mode === 'cluster') throw new UsageError(`${command} is for a hub's folder; in a cluster ${instead}`);
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
