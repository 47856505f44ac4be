import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { backupLog } from '@threadline/event-store/backup-log';
import { loadConfig } from '@threadline/platform/config';
import { backupVault } from '@threadline/vault/backup-vault';
import {
  contents,
  FolderError,
  LOG_FILE,
  makeFolder,
  requireHub,
  requireStores,
  VAULT_FILE,
} from './folder.js';
import { Progress, say } from './said.js';

const HELP = `
Copies the log, then the vault, of THREADLINE_DATA into an empty folder, while the hub runs. The vault comes second, so
that it has the key of everything in the log. Read models are not copied: they are built again from the log.
THE MASTER KEY IS NOT IN THE BACKUP: without it nothing in it can be read. Keep it elsewhere (THREADLINE_MASTER_KEY,
THREADLINE_MASTER_KEY_FILE, or master.key of the data folder).

Examples:
  threadline backup /backups/2026-03-02
  THREADLINE_DATA=/srv/threadline threadline backup /backups/today`;

/** `threadline backup`. */
export const backupCommand = (): Command =>
  new Command('backup')
    .description('copy the log and the vault, while the hub runs')
    .argument('<folder>', 'where to: empty, or not there yet')
    .addHelpText('after', HELP)
    .action(async (target: string) => {
      const config = loadConfig();
      requireHub(config, 'backup', `${SERVERS}, in that order; read models are built again`);
      await backup(config.folder, resolve(target));
    });

const SERVERS = "back up the event store and then the vault's Redis by their own means";

/** Throws `FolderError` where the target is not empty or there is nothing to copy, and what the stores throw. */
export async function backup(folder: string, target: string): Promise<void> {
  requireStores(folder, `${folder} holds nothing to back up: set THREADLINE_DATA`);
  const there = contents(target);
  if (there.length > 0)
    throw new FolderError(`${target} is not empty (${there[0]}): a backup goes into an empty folder`);
  makeFolder(target);
  const progress = new Progress();
  const log = await backupLog(folder, target, (done, total) => progress.tell('log', done, total));
  progress.end();
  await backupVault(folder, target);
  const madeAt = new Date().toISOString();
  writeDurably(join(target, 'backup.json'), { version: 1, madeAt, position: String(log.position) });
  say(`${LOG_FILE} (up to position ${log.position}) and ${VAULT_FILE} are in ${target}.`, {
    backup: target,
    position: String(log.position),
    madeAt,
    masterKey: 'not in the backup',
  });
  console.error(
    'The master key is NOT in this backup, and without it nothing in it can be read: keep it elsewhere.',
  );
}

function writeDurably(path: string, content: object): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(content, undefined, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
