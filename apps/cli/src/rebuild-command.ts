import { Command } from 'commander';
import { loadConfig, type Config } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { acquireFolder } from '@threadline/platform/folder-lock';
import { switchModels } from '@threadline/read-store/sqlite/models';
import { rebuildModels } from '@threadline/read-store/rebuild/rebuild';
import { openToRead, requireHub } from './folder.js';
import { HubClient, HubRefusedError, HubUnavailableError } from './hub-client.js';
import { Progress, say } from './said.js';
import { stopSignal } from './stop-signal.js';

const HELP = `
Builds the read models (customers, search) anew from the log, beside the live ones, and switches to them at once. A hub
that runs at THREADLINE_URL does it itself and answers reads throughout (a key with admin is needed). Where none runs, it
is done on THREADLINE_DATA. In a cluster THREADLINE_URL is an api, which has the active projector do it.

Examples:
  threadline rebuild
  THREADLINE_DATA=/srv/threadline threadline rebuild --folder`;

const BY_API = 'the active projector does it, asked by an api: set THREADLINE_URL and THREADLINE_KEY';

/** A rebuild came to nothing; what was live is still live. Exit code 1. */
class RebuildFailedError extends ThreadlineError {
  constructor(message: string) {
    super(`the rebuild failed: ${message}; what was live is still live`, {
      code: 'rebuild-failed',
      retriable: true,
      exitCode: EXIT.refused,
    });
  }
}

/** `threadline rebuild`. */
export const rebuildCommand = (): Command =>
  new Command('rebuild')
    .description('build the read models anew from the log')
    .option('--folder', 'on THREADLINE_DATA, without looking for a hub')
    .addHelpText('after', HELP)
    .action(async ({ folder }: { folder?: boolean }) => {
      const config = loadConfig();
      if (folder === true) requireHub(config, 'rebuild --folder', BY_API);
      if (folder !== true && (await byHub(config))) return;
      await onFolder(config);
    });

interface Step {
  readonly phase: string;
  readonly done?: number;
  readonly total?: number;
  readonly message?: string;
}

/**
 * False where no hub is there (or there is no key to ask one with: the folder's lock will tell). A cluster has no folder
 * that could be taken instead.
 */
async function byHub(config: Config): Promise<boolean> {
  const alone = config.mode === 'embedded';
  if (alone && config.key === undefined && config.bootstrapKey === undefined) return false;
  let response: Response;
  try {
    response = await HubClient.from(config).open('/v1/admin/rebuild', { method: 'POST' });
  } catch (error) {
    if (alone && error instanceof HubUnavailableError) return false;
    throw error;
  }
  if (!response.ok || response.body === null) {
    throw new HubRefusedError(
      response.status,
      `the hub does not rebuild: ${(await response.text()).slice(0, 300)}`,
    );
  }
  const progress = new Progress();
  let last: Step | undefined;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() === '') continue;
      last = JSON.parse(line) as Step;
      if (last.done !== undefined && last.total !== undefined)
        progress.tell(last.phase, last.done, last.total);
    }
  }
  progress.end();
  if (last?.phase !== 'done') throw new RebuildFailedError(last?.message ?? 'the hub ended the answer early');
  say(`the hub at ${config.url} has new read models`, { rebuilt: config.url });
  return true;
}

async function onFolder(config: Config): Promise<void> {
  const signal = stopSignal();
  const lock = await acquireFolder(config.folder);
  const progress = new Progress();
  try {
    const stores = await openToRead(config);
    const upTo = stores.log.headPosition();
    await stores.close();
    const files = await rebuildModels({
      folder: config.folder,
      masterKey: stores.masterKey,
      upTo,
      signal,
      onProgress: (phase, { done, total }) => progress.tell(phase, done, total),
    });
    switchModels(config.folder, { ...files });
    progress.end();
    say(`${config.folder} has new read models, up to position ${upTo}`, {
      rebuilt: config.folder,
      position: String(upTo),
    });
  } catch (error) {
    progress.end();
    if (error instanceof ThreadlineError) throw error;
    throw new RebuildFailedError(error instanceof Error ? error.message : String(error));
  } finally {
    lock.release();
  }
}
