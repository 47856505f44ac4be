// Makes a checkout ready to run: installs the packages where they are missing or older than the lock file,
// then builds. Runs on the machine's own Node (20 is enough); everything after it runs on the project's own.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const marker = join(root, 'node_modules', '.package-lock.json');
const lock = join(root, 'package-lock.json');

if (!existsSync(marker) || statSync(marker).mtimeMs + 1000 < statSync(lock).mtimeMs) {
  console.error('threadline: installing packages (once)');
  // Not `npm ci`: it refuses a lock file that lacks other platforms' binaries, and a registry may not have all of those.
  // `--no-save` installs what is locked and leaves the lock file as it is.
  const { status } = spawnSync(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  if (status !== 0) {
    console.error('threadline: npm install failed');
    process.exit(status ?? 1);
  }
}
const { build } = await import('./build.mjs');
await build();
