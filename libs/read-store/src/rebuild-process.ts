import { join } from 'node:path';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { rebuildCustomers, type RebuildProgress } from './rebuild-customers.js';
import { rebuildSearch } from './rebuild-search.js';
import type { RebuildAnswer, RebuildTask } from './rebuild.js';

/** Milliseconds. */
const PROGRESS_EVERY = 250;
/** Of most logs everybody's: every event is opened once, and a customer's next is seldom the next in the log. */
const KEYS_HELD = 200_000;

// Whoever wanted the models is gone.
process.once('disconnect', () => process.exit());
process.once('message', (task: RebuildTask) => {
  void run(task).then(
    () => tell({ built: true }),
    (error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) }),
  );
});

function tell(answer: RebuildAnswer): void {
  process.send?.(answer, () => {
    if (!('progress' in answer)) process.disconnect();
  });
}

async function run({ folder, masterKey, from, upTo, model, file }: RebuildTask): Promise<void> {
  const log = SqliteLogReader.open({ folder });
  const vault = await SqliteVault.open({ folder, masterKey, readOnly: true, held: KEYS_HELD });
  const path = join(folder, file);
  let told = 0;
  const onProgress = (progress: RebuildProgress): void => {
    const now = performance.now();
    if (now - told < PROGRESS_EVERY && progress.done < progress.total) return;
    told = now;
    tell({ progress });
  };
  try {
    if (model === 'customers') await rebuildCustomers({ path, log, vault, upTo, now: Date.now }, onProgress);
    else await rebuildSearch({ path, log, vault, from, upTo }, onProgress);
  } finally {
    await vault.close();
    await log.close();
  }
}
