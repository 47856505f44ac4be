import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { backup } from 'node:sqlite';
import { readVaultFile, syncFolder, vaultPath } from './vault-file.js';

/**
 * Copies the vault of a folder, beside a running hub, to `<target>/vault.db`; durable when it answers. What the copy
 * holds stays wrapped by the master key, which is not copied.
 */
export async function backupVault(folder: string, target: string): Promise<void> {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const draft = `${vaultPath(target)}.new`;
  rmSync(draft, { force: true });
  closeSync(openSync(draft, 'wx', 0o600));
  const source = readVaultFile(folder);
  try {
    // All pages in one step: a copy in several starts over whenever the hub commits in between.
    await backup(source, draft, { rate: 0x7fff_ffff });
  } finally {
    source.close();
  }
  const descriptor = openSync(draft, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, vaultPath(target));
  syncFolder(target);
}
