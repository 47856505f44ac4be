import { LiveFeed } from '@threadline/api/live-feed';
import { serveDocuments } from '@threadline/api/documents';
import { KeyLog } from '@threadline/api/key-log';
import { rulesAtStart } from '@threadline/api/rules-at-start';
import type { ApiParts, DecisionIntake } from '@threadline/api/api-parts';
import type { Broker } from '@threadline/broker/broker';
import { REQUEST_LIMIT } from '@threadline/contracts/cloudevents';
import { DECIDES, INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';
import { SCOPES } from '@threadline/platform/auth';
import type { Config } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import { drainHttp } from '@threadline/platform/drain-http';
import { Health } from '@threadline/platform/health';
import { createHttpApp } from '@threadline/platform/http-app';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { NestLogger, type Logger } from '@threadline/platform/logger';
import { listenOn } from '@threadline/platform/port-taken';
import { countingBroker } from './counting-broker.js';
import { DiskRoom } from './disk-room.js';
import { requireAllServices, SERVICES } from './embedded-services.js';
import { HubMetrics } from './hub-metrics.js';
import { HubModule } from './hub-module.js';
import { openStores, type HubStores, type Lost, type Started } from './hub-stores.js';
import { RebuildRuns } from '@threadline/api/rebuild-run';

export interface HubOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  readonly started: Started;
  readonly lost: Lost;
}

export interface Hub {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The key that was made because there was none; shown once. */
  readonly madeKey: string | undefined;
  /** Where the log is served over gRPC, if it is. */
  readonly eventStorePort: number | undefined;
}

/** All services of the hub on the stores of one folder. Whatever has started is stopped by what `started` was told. */
export async function startHub({ config, log, version, started, lost }: HubOptions): Promise<Hub> {
  requireAllServices(SERVICES);
  // Whatever is made in the folder is its owner's alone, also where the folder is not: the search index is opened text.
  process.umask(0o077);
  const stores = await openStores(config, started, lost, log);
  const directory = new KeyDirectory();
  if (config.bootstrapKey !== undefined)
    directory.admit(config.bootstrapKey, { id: 'bootstrap', scopes: SCOPES });
  const keys = await KeyLog.follow({
    reader: stores.reader,
    directory,
    append: (appends) => stores.ingest.append(appends),
    lost: (error) => {
      log.error({ err: error }, 'the keys can no longer be followed');
      lost('key log', 1);
    },
  });
  started('keys', () => keys.close());
  const needed = config.bootstrapKey === undefined && !keys.some;
  const made = needed ? await keys.create({ scopes: SCOPES, label: 'made at the first start' }) : undefined;
  if (config.identityRules !== undefined)
    await rulesAtStart(
      config.identityRules,
      { log: stores.reader, vault: stores.vault },
      decisionIntake(stores.ingest.broker),
      log,
    );
  const url = await listen({ config, log, version, started, lost }, stores, directory, keys);
  return { url, madeKey: made?.key, eventStorePort: stores.eventStorePort };
}

async function listen(
  { config, log, version, started }: HubOptions,
  stores: HubStores,
  directory: KeyDirectory,
  keys: KeyLog,
): Promise<string> {
  const { reads, suggestions, progress, reader, vault, ingest, projector } = stores;
  const health = healthOf(stores, new DiskRoom(config.folder));
  let watchers = (): number => 0;
  const metrics = new HubMetrics({
    head: () => reader.headPosition(),
    projected: () => progress.position,
    parked: async () => (await reads.parked()).length,
    inFlight: () => ingest.broker.inFlight,
    watchers: () => watchers(),
  });
  const broker = countingBroker(ingest.broker, (counts) => metrics.taken(counts));
  const parts: ApiParts = {
    reads,
    suggestions,
    progress,
    log: reader,
    vault,
    country: config.country,
    directory,
    keys,
    decide: decisionIntake(broker),
    projector,
    rebuilds: new RebuildRuns((onProgress) => stores.rebuild(onProgress)),
    unforeseen: (error) => log.error({ err: error }, 'an event could not be pushed'),
  };
  const http = await createHttpApp(
    HubModule.of(parts, broker, { health, metricsPage: () => metrics.page() }),
    {
      bodyLimit: REQUEST_LIMIT,
      logger: new NestLogger(log),
      unforeseen: (error, route) => log.error({ err: error, route }, 'a request failed'),
      answered: (answer) => metrics.answered(answer),
    },
  );
  const { app } = http;
  serveDocuments(app, version);
  const feed = app.get(LiveFeed);
  watchers = () => feed.watchers;
  started('http', () => drainHttp({ http, health, grace: config.stopGrace, letGo: () => feed.close() }));
  return listenOn(app, config.host, config.port);
}

const decisionIntake =
  (broker: Broker): DecisionIntake =>
  async (body) => {
    const headers = { 'content-type': 'application/cloudevents+json', [DECIDES]: 'true' };
    const [answer] = await broker.publish([{ topic: INBOUND, headers, body }]);
    return answer as EventsAnswer;
  };

/** Ready when the disk takes events and what was in the log at the start can be read. */
function healthOf({ ingest, reader, progress }: HubStores, room: DiskRoom): Health {
  const health = new Health();
  const atStart = reader.headPosition();
  health.addReady('ingest', async () => {
    const { ready, reason } = await ingest.health();
    if (!ready && !(await room.has())) throw notReady(`events cannot be written: ${reason}`);
  });
  health.addReady('projector', () => {
    if (progress.position < atStart) throw notReady('the read models are catching up');
  });
  return health;
}

const notReady = (reason: string): ThreadlineError =>
  new ThreadlineError(reason, { code: 'not-ready', retriable: true, status: 503 });
