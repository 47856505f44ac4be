import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LogCopyReader } from '@threadline/event-store/log-copy-reader';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import type { Config } from '@threadline/platform/config';
import { acquireFolder, FolderHeldError } from '@threadline/platform/folder-lock';
import { LiveModels } from '@threadline/read-store/sqlite/live-models';
import { readModels } from '@threadline/read-store/sqlite/models';
import { loadMasterKey } from '@threadline/vault/master-key';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { failed, type Finding, type State } from './doctor-finding.js';
import { examineServers } from './doctor-servers.js';
import { COPY_FILE, LOG_FILE, VAULT_FILE } from './folder.js';

export interface DoctorOptions {
  /** Every event's content hash, not only those of a sample. */
  readonly full: boolean;
}

const LEAST_NODE = 24;
const LEAST_SQLITE = [3, 51, 3] as const;
const CHUNK = 1_000;
/** A sample: so many chunks, spread over the log, the first and the last among them. */
const SAMPLE = 10;
const MEGABYTE = 1024 * 1024;

/** Looks at everything that a hub needs; touches nothing. A check that throws is a finding too. */
export async function* examine(config: Config, { full }: DoctorOptions): AsyncGenerator<Finding> {
  yield nodeVersion();
  yield sqliteVersion();
  const { folder } = config;
  if (!existsSync(folder)) {
    yield {
      check: 'folder',
      state: 'warn',
      detail: `${folder} is not there: the hub makes it at its first start`,
    };
    yield await hub(config, false);
    if (config.mode === 'cluster') yield* examineServers(config);
    return;
  }
  yield guarded('folder', () => folderState(folder));
  yield guarded('disk', () => disk(folder));
  const held = await lockHeld(folder);
  yield held;
  yield await hub(config, held.detail.startsWith('held'));
  if (config.mode === 'cluster') {
    yield* examineServers(config);
    yield* examineCopy(folder);
    return;
  }
  if (!existsSync(join(folder, LOG_FILE))) {
    yield { check: 'log', state: 'warn', detail: `there is no ${LOG_FILE}: nothing was ever recorded here` };
    return;
  }
  yield await masterKey(config);
  let log: SqliteLogReader;
  try {
    log = SqliteLogReader.open({ folder });
  } catch (error) {
    yield failed('log', error);
    return;
  }
  try {
    yield guarded('log', () => ({ state: 'ok', detail: `opens, up to position ${log.headPosition()}` }));
    yield guarded('log hashes', () => hashes(log, full));
    yield guarded('index', () => index(folder, log));
    for (const finding of models(folder, log.headPosition())) yield finding;
  } finally {
    await log.close();
  }
}

/** A projector's or an api's own files. */
async function* examineCopy(folder: string): AsyncGenerator<Finding> {
  if (!existsSync(join(folder, COPY_FILE))) {
    yield { check: 'log copy', state: 'warn', detail: `there is no ${COPY_FILE}: no service has run here` };
    return;
  }
  let log: LogCopyReader;
  try {
    log = LogCopyReader.open({ folder });
  } catch (error) {
    yield failed('log copy', error);
    return;
  }
  const head = log.headPosition();
  await log.close();
  yield { check: 'log copy', state: 'ok', detail: `opens, up to position ${head}` };
  if (Object.keys(readModels(folder)).length > 0) yield* models(folder, head);
}

type Found = Pick<Finding, 'state' | 'detail'>;

function guarded(check: string, look: () => Found): Finding {
  try {
    return { check, ...look() };
  } catch (error) {
    return failed(check, error);
  }
}

function nodeVersion(): Finding {
  const { node } = process.versions;
  const old = Number(node.split('.')[0]) < LEAST_NODE;
  return {
    check: 'node',
    state: old ? 'fail' : 'ok',
    detail: old ? `${node}: ${LEAST_NODE} or newer is needed` : node,
  };
}

function sqliteVersion(): Finding {
  const version = process.versions['sqlite'] ?? '0';
  const parts = version.split('.').map(Number);
  const at = LEAST_SQLITE.findIndex((least, place) => (parts[place] ?? 0) !== least);
  const old = at >= 0 && (parts[at] ?? 0) < (LEAST_SQLITE[at] ?? 0);
  const detail = old
    ? `${version} can lose data (the WAL-reset bug): ${LEAST_SQLITE.join('.')} or newer`
    : version;
  return { check: 'sqlite', state: old ? 'fail' : 'ok', detail };
}

function folderState(folder: string): Found {
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  const mode = statSync(folder).mode & 0o777;
  if ((mode & 0o077) === 0) return { state: 'ok', detail: folder };
  return { state: 'warn', detail: `${folder} can be read by others (mode ${mode.toString(8)}): chmod 700` };
}

function disk(folder: string): Found {
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / MEGABYTE);
  const state: State = free < 64 ? 'fail' : free < 1024 ? 'warn' : 'ok';
  return { state, detail: `${free} MiB free` };
}

async function lockHeld(folder: string): Promise<Finding> {
  try {
    const lock = await acquireFolder(folder, 0);
    lock.release();
    return { check: 'lock', state: 'ok', detail: 'free: no hub runs on this folder' };
  } catch (error) {
    if (error instanceof FolderHeldError)
      return { check: 'lock', state: 'ok', detail: 'held by a running hub' };
    return failed('lock', error);
  }
}

async function hub({ url }: Config, expected: boolean): Promise<Finding> {
  try {
    const answer = await fetch(new URL('/health/ready', url), { signal: AbortSignal.timeout(5_000) });
    await answer.body?.cancel();
    if (answer.ok) return { check: 'hub', state: 'ok', detail: `${url} is ready` };
    return { check: 'hub', state: 'fail', detail: `${url} answers ${answer.status}: not ready` };
  } catch {
    if (!expected) return { check: 'hub', state: 'warn', detail: `nobody answers at ${url}` };
    return {
      check: 'hub',
      state: 'warn',
      detail: `the folder is in use, and nobody answers at ${url}: is THREADLINE_URL right?`,
    };
  }
}

async function masterKey(config: Config): Promise<Finding> {
  const check = 'master key';
  if (!existsSync(join(config.folder, VAULT_FILE))) {
    return {
      check,
      state: 'fail',
      detail: `there is a log and no ${VAULT_FILE}: what was sealed cannot be read`,
    };
  }
  try {
    const vault = await SqliteVault.open({
      folder: config.folder,
      masterKey: loadMasterKey(config),
      readOnly: true,
    });
    await vault.close();
    return { check, state: 'ok', detail: 'opens the vault' };
  } catch (error) {
    return failed(check, error);
  }
}

function hashes(log: SqliteLogReader, full: boolean): Found {
  const head = log.headPosition();
  let checked = 0;
  const check = (after: number): number | undefined => {
    const events = log.after(after, CHUNK);
    checked += events.length;
    return events.at(-1)?.position;
  };
  if (full || head <= CHUNK * SAMPLE) {
    for (let after: number | undefined = 0; after !== undefined;) after = check(after);
  } else {
    const step = Math.floor((head - CHUNK) / (SAMPLE - 1));
    for (let part = 0; part < SAMPLE; part++) check(part * step);
  }
  const all =
    checked >= head ? 'every event' : `a sample of ${checked} of ${head} events (--full checks all)`;
  return { state: 'ok', detail: `${all} matches its content hash` };
}

function index(folder: string, log: SqliteLogReader): Found {
  if (!existsSync(join(folder, 'log-index.db'))) {
    return { state: 'warn', detail: 'is not there: it is built at the next start' };
  }
  const last = log.at([log.headPosition()])[0];
  if (last === undefined) return { state: 'ok', detail: 'nothing to find yet' };
  const found = log.stream(last.stream).some(({ position }) => position === last.position);
  return found
    ? { state: 'ok', detail: 'finds the last event' }
    : { state: 'fail', detail: 'does not find the last event' };
}

/** A read model that lags a little is at work; one that lags far is worth a look. */
const FAR_BEHIND = 10_000;

function* models(folder: string, head: number): Generator<Finding> {
  const live = Object.entries(readModels(folder));
  if (live.length === 0) {
    yield {
      check: 'read models',
      state: 'warn',
      detail: 'there are none yet: the hub builds them at its next start',
    };
    return;
  }
  const opened = new LiveModels(folder);
  try {
    for (const [name, { live: file }] of live) {
      yield guarded(name, () => {
        const checkpoint = (name.startsWith('search') ? opened.search : opened.customers).checkpoint();
        const lag = head - checkpoint;
        const state: State = lag > FAR_BEHIND ? 'warn' : 'ok';
        return { state, detail: `${file}, checkpoint ${checkpoint}, ${lag} behind the log` };
      });
    }
  } finally {
    opened.close();
  }
}
