import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { backupLog } from '@threadline/event-store/backup-log';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { loadConfig, type Config } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import { acquireFolder } from '@threadline/platform/folder-lock';
import { backupVault } from '@threadline/vault/backup-vault';
import { loadMasterKey } from '@threadline/vault/master-key';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { contents, FolderError, LOG_FILE, requireHub, requireStores, VAULT_FILE } from './folder.js';
import { Progress, say } from './said.js';

const HELP = `
Fills THREADLINE_DATA, which must be empty (a master.key may lie in it already), with what threadline backup made. Every
event's content hash is checked; where one does not match, nothing is left in the folder. The hub builds its read models
at its next start. The master key must come from where it was kept: the backup does not hold it.

Examples:
  THREADLINE_DATA=/srv/threadline threadline restore /backups/2026-03-02`;

/** What may lie in a folder that counts as empty. */
const ALLOWED = ['master.key', 'hub.lock'];

/** Events that are checked at once. */
const CHUNK = 1_000;

/** `threadline restore`. */
export const restoreCommand = (): Command =>
  new Command('restore')
    .description('fill an empty data folder from a backup')
    .argument('<folder>', 'the backup')
    .addHelpText('after', HELP)
    .action(async (source: string) => {
      const config = loadConfig();
      requireHub(config, 'restore', "restore the event store and the vault's Redis by their own means");
      await restore(resolve(source), config);
    });

/** Throws `FolderError`, `CorruptEventError`, and what the stores throw; then the folder is as it was. */
export async function restore(source: string, config: Config): Promise<void> {
  const { folder } = config;
  requireStores(source, `${source} is not a backup`);
  const there = contents(folder, ALLOWED);
  if (there.length > 0) {
    throw new FolderError(
      `${folder} is not empty (${there[0]}): a backup is restored into an empty THREADLINE_DATA`,
    );
  }
  const lock = await acquireFolder(folder);
  const progress = new Progress();
  try {
    // The vault first: a log without its vault would be taken for a hub that lost its keys.
    await backupVault(source, folder);
    const { position } = await backupLog(source, folder, (done, total) => progress.tell('copy', done, total));
    const events = await checkEvents(folder, (done, total) => progress.tell('check', done, total));
    progress.end();
    const opened = await opens(config);
    say(
      `${events} events, up to position ${position}, are in ${folder}; each matches its content hash.\n${opened.words}`,
      { restored: folder, position: String(position), events, masterKey: opened.state },
    );
  } catch (error) {
    progress.end();
    for (const name of contents(folder, ALLOWED))
      rmSync(join(folder, name), { recursive: true, force: true });
    throw error;
  } finally {
    lock.release();
  }
}

/** Reads every event of the log, which checks its content hash. Answers how many there are. */
async function checkEvents(
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  const log = SqliteLogReader.open({ folder });
  try {
    const head = log.headPosition();
    let events = 0;
    for (let after = 0; ;) {
      const read = log.after(after, CHUNK);
      const last = read.at(-1);
      if (last === undefined) return events;
      events += read.length;
      after = last.position;
      onProgress(after, head);
    }
  } finally {
    await log.close();
  }
}

/** Does the master key that is at hand open the vault? The folder is restored either way. */
async function opens(config: Config): Promise<{ state: 'opens' | 'missing' | 'wrong'; words: string }> {
  let masterKey: Uint8Array;
  try {
    masterKey = loadMasterKey(config);
  } catch (error) {
    if (!(error instanceof ThreadlineError)) throw error;
    const how = `put it into ${join(config.folder, 'master.key')}, or set THREADLINE_MASTER_KEY`;
    return { state: 'missing', words: `The master key is not here yet: ${how} before the hub starts.` };
  }
  try {
    const vault = await SqliteVault.open({ folder: config.folder, masterKey, readOnly: true });
    await vault.close();
    return { state: 'opens', words: `The master key opens ${VAULT_FILE}: the hub can start on ${LOG_FILE}.` };
  } catch (error) {
    if (!(error instanceof ThreadlineError)) throw error;
    return {
      state: 'wrong',
      words: `The master key that is set does not open ${VAULT_FILE}: it is another one.`,
    };
  }
}
