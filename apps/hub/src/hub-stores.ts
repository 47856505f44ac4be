import { existsSync } from 'node:fs';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { ReadProgress } from '@threadline/api/read-progress';
import { CATEGORIES } from '@threadline/domain/decision';
import { START } from '@threadline/event-store/event-store';
import { startEndpoint, type EndpointThread } from '@threadline/event-store/grpc/endpoint-thread';
import { logFile } from '@threadline/event-store/sqlite/schema';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { startIngest, type IngestThread } from '@threadline/ingest/ingest-thread';
import type { Config } from '@threadline/platform/config';
import { acquireFolder } from '@threadline/platform/folder-lock';
import type { Logger } from '@threadline/platform/logger';
import { startProjector, type ProjectorThread } from '@threadline/projector/projector-thread';
import { buildIfFarBehind, rebuildModels, type RebuildOptions } from '@threadline/read-store/rebuild/rebuild';
import { LiveModels } from '@threadline/read-store/sqlite/live-models';
import { SqliteCustomerReads } from '@threadline/read-store/sqlite/sqlite-customer-reads';
import { SqliteSuggestionReads } from '@threadline/read-store/search/sqlite-suggestion-reads';
import { VaultFileError } from '@threadline/vault/errors';
import { loadMasterKey } from '@threadline/vault/master-key';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { vaultPath } from '@threadline/vault/vault-file';
import type { BuildStep } from '@threadline/api/rebuild-run';

/** Adds what has been started to what will be stopped; last in, first out. */
export type Started = (name: string, stop: () => void | Promise<void>) => void;

/** A thread that ended by itself: nothing works without it. */
export type Lost = (thread: string, exitCode: number) => void;

/** The folder's stores: written by a thread each, read here. */
export interface HubStores {
  readonly ingest: IngestThread;
  readonly projector: ProjectorThread;
  readonly reader: SqliteLogReader;
  readonly vault: SqliteVault;
  readonly reads: SqliteCustomerReads;
  readonly suggestions: SqliteSuggestionReads;
  readonly progress: ReadProgress;
  /** Where the log is served over gRPC, if it is. */
  readonly eventStorePort: number | undefined;
  /** Builds new read models beside the live ones and switches to them. */
  rebuild(onProgress: (step: BuildStep) => void): Promise<void>;
}

/**
 * Takes the folder and opens everything in it: the log and the vault in the ingest thread, the read models in the
 * projector's, readers of all of them in this one. What was opened before something fails is in `started`.
 * @throws FolderHeldError, and whatever keeps a store from opening: each with its exit code.
 */
export async function openStores(
  config: Config,
  started: Started,
  lost: Lost,
  log: Logger,
): Promise<HubStores> {
  const { folder, logLevel, country } = config;
  const lock = await acquireFolder(folder);
  started('folder', () => lock.release());
  await requireVaultOf(folder);
  const masterKey = loadMasterKey(config);
  const appends = new MessageChannel();
  const served = config.eventStorePort === undefined ? undefined : new MessageChannel();
  const ingest = await startIngest({
    folder,
    masterKey,
    logLevel,
    followers: served === undefined ? [appends.port1] : [appends.port1, served.port1],
    ...(country === undefined ? {} : { country }),
  });
  started('ingest', watched('ingest', ingest, lost));
  const reader = SqliteLogReader.open({ folder });
  started('log reader', () => reader.close());
  await buildIfFarBehind({ folder, masterKey, upTo: reader.headPosition(), onProgress: inTenths(log) });
  const projector = await startProjector({ folder, masterKey, logLevel, follow: appends.port2 });
  started('projector', watched('projector', projector, lost));
  const vault = await SqliteVault.open({ folder, masterKey, readOnly: true });
  started('vault reader', () => vault.close());
  const models = new LiveModels(folder);
  const reads = new SqliteCustomerReads({ folder, log: reader, vault, now: Date.now, models });
  started('reads', () => reads.close());
  const suggestions = new SqliteSuggestionReads({ folder, vault, models, now: Date.now });
  started('suggestions', () => suggestions.close());
  const progress = new ReadProgress(await reads.position());
  let switching = false;
  projector.onProjected((position) => {
    // The news of the first events in the new files may come before the answer that they are live.
    if (switching) reads.refresh();
    progress.advance(position);
  });
  const rebuild = async (onProgress: (step: BuildStep) => void): Promise<void> => {
    const files = await rebuildModels({
      folder,
      masterKey,
      upTo: reader.headPosition(),
      onProgress: (phase, { done, total }) => onProgress({ phase, done, total }),
    });
    switching = true;
    try {
      await projector.adopt(files);
    } finally {
      reads.refresh();
      switching = false;
    }
  };
  const endpoint = served && (await serveLog(config, served.port2, ingest, log));
  if (endpoint !== undefined)
    started('event store endpoint', watched('event store endpoint', endpoint, lost));
  return {
    ...{ ingest, projector, reader, vault, reads, suggestions, progress, rebuild },
    eventStorePort: endpoint?.port,
  };
}

/** Streams that nobody writes from outside, kept free for what is still to come among them. */
const OWN_CATEGORIES = [...CATEGORIES, 'key', 'consent', 'contact', 'reaction', 'erasure'];

/** The log over gRPC: read in a thread of its own, written through its one writer. */
const serveLog = (
  config: Config,
  follow: MessagePort,
  ingest: IngestThread,
  log: Logger,
): Promise<EndpointThread> =>
  startEndpoint({
    folder: config.folder,
    port: config.eventStorePort ?? 0,
    bootstrapKey: config.bootstrapKey,
    ownCategories: OWN_CATEGORIES,
    follow,
    append: (appends) => ingest.append(appends),
    unforeseen: (error) => log.error({ err: error }, 'a call of the event store endpoint failed'),
  });

/** A line of the log for each tenth of each model. */
function inTenths(log: Logger): NonNullable<RebuildOptions['onProgress']> {
  const told = new Map<string, number>();
  return (phase, { done, total }) => {
    const tenths = Math.floor((10 * done) / total);
    if (tenths <= (told.get(phase) ?? 0)) return;
    told.set(phase, tenths);
    log.info({ phase, percent: tenths * 10 }, 'building the read models');
  };
}

/**
 * A log without its vault cannot be read, and whoever wrote on would give its people keys and handles a second time.
 * @throws VaultFileError
 */
async function requireVaultOf(folder: string): Promise<void> {
  if (existsSync(vaultPath(folder)) || !existsSync(logFile(folder))) return;
  const log = SqliteLogReader.open({ folder });
  try {
    if (log.headPosition() === START) return;
  } finally {
    await log.close();
  }
  const missing = vaultPath(folder);
  throw new VaultFileError(
    `${missing} is missing, and the log beside it cannot be read without: put it back`,
  );
}

/** How to stop a thread; that it ends before that is told. */
function watched(
  name: string,
  thread: { readonly ended: Promise<number>; close(): Promise<void> },
  lost: Lost,
): () => Promise<void> {
  let closing = false;
  void thread.ended.then((exitCode) => {
    if (!closing) lost(name, exitCode);
  });
  return () => {
    closing = true;
    return thread.close();
  };
}
