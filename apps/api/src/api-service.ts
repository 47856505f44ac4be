import { AnswerDesk } from '@threadline/broker/answer-desk';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, inboundTopic, passingTopic } from '@threadline/broker/kafka/topics';
import { ADDED, DecisionSigner } from '@threadline/channels/kafka-binding';
import { REQUEST_LIMIT } from '@threadline/contracts/cloudevents';
import { ANSWERS, DEAD_LETTERS, INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';
import type { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import type { LogCopy } from '@threadline/event-store/log-copy';
import { SCOPES } from '@threadline/platform/auth';
import { ThreadlineError } from '@threadline/platform/errors';
import { Health } from '@threadline/platform/health';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { Metrics } from '@threadline/platform/metrics';
import type { ServiceStart } from '@threadline/platform/run-service';
import { serveHttp } from '@threadline/platform/service-http';
import { openFollowedStores } from '@threadline/read-store/followed-stores';
import { Calls } from '@threadline/read-store/redis/calls';
import { PublishedPosition } from '@threadline/read-store/redis/published-position';
import { RedisCustomerReads } from '@threadline/read-store/redis/redis-customer-reads';
import { SearchFollower } from '@threadline/read-store/search/search-follower';
import { ActiveProjector } from './active-projector.js';
import { ApiModule } from './api-module.js';
import type { ApiParts, DecisionIntake } from './api-parts.js';
import { serveDocuments } from './documents.js';
import { FollowedProgress } from './followed-progress.js';
import { kafkaDecisions } from './kafka-decisions.js';
import { KeyLog } from './key-log.js';
import { LiveFeed } from './live-feed.js';
import type { ReadProgress } from './read-progress.js';
import { RebuildRuns } from './rebuild-run.js';
import { rulesAtStart } from './rules-at-start.js';

/**
 * The API of cluster mode, any number of them: rows from Redis, events and words from files of its own that follow the
 * log, decisions over Kafka. Answers where it listens.
 */
export async function startApi(service: ServiceStart): Promise<string> {
  const { config, log, version, started, lost } = service;
  const { folder, redis: url = '', country } = config;
  const { masterKey, store, vault, copy } = await openFollowedStores(service);
  const search = SearchFollower.open({
    ...{ folder, log: copy, vault },
    failed: (error) => log.error({ err: error }, 'the search index could not be written'),
  });
  started('search', () => search.close());

  const stop = new AbortController();
  const followed = new FollowedProgress(search.position);
  const progress = followed.readable;
  const takeIn = (): void => void search.advance((position) => followed.followed(position));
  const following = copy.follow(store, { signal: stop.signal, onCopied: takeIn }).catch(lost('log copy'));
  started('following', async () => {
    stop.abort();
    await following;
  });
  const reads = await RedisCustomerReads.open({
    ...{ url, log: copy, vault, now: Date.now, words: () => search.words },
    reached: (position) => followed.inFiles(position),
  });
  started('reads', () => reads.close());
  const published = await PublishedPosition.open({ url });
  const told = published.follow({
    signal: stop.signal,
    onPosition: (position) => followed.published(position),
    failed: (error) => log.warn({ err: error }, 'how far the read models are is not known'),
  });
  started('published position', async () => {
    stop.abort();
    await told;
    published.close();
  });

  const directory = new KeyDirectory();
  if (config.bootstrapKey !== undefined)
    directory.admit(config.bootstrapKey, { id: 'bootstrap', scopes: SCOPES });
  const keys = await KeyLog.follow({
    reader: store,
    directory,
    append: (appends) => store.append(appends),
    lost: lost('key log'),
  });
  started('keys', () => keys.close());
  if (config.bootstrapKey === undefined && !keys.some)
    log.warn({}, 'no key is in force: start with THREADLINE_BOOTSTRAP_KEY, and make keys with it');
  const decide = await decisionIntake(service, masterKey);
  if (config.identityRules !== undefined) {
    const atStart = await store.head();
    await followed.inFiles(atStart).catch(() => undefined);
    await rulesAtStart(config.identityRules, { log: store, vault }, decide, log);
  }
  const calls = await Calls.open({ url, masterKey });
  started('calls', () => calls.close());
  const projector = new ActiveProjector(calls);

  const health = await healthOf(store, progress);
  const metrics = metricsOf(copy, progress);
  const parts: ApiParts = {
    ...{ reads, progress, vault, country, directory, keys, decide, projector },
    log: copy,
    suggestions: projector,
    rebuilds: new RebuildRuns(projector.rebuild),
    unforeseen: (error) => log.error({ err: error }, 'an event could not be pushed'),
  };
  return serveHttp({
    ...{ config, log, health, metrics, started },
    modules: [ApiModule.of(parts)],
    bodyLimit: REQUEST_LIMIT,
    prepare: (app) => {
      serveDocuments(app, version);
      const feed = app.get(LiveFeed);
      metrics.gauge('live_watchers', 'Who watches the live push', [], (gauge) => gauge.set(feed.watchers));
      return () => feed.close();
    },
  });
}

async function decisionIntake(
  { config, log, started, lost }: ServiceStart,
  masterKey: Uint8Array,
): Promise<DecisionIntake> {
  const broker = await KafkaBroker.open({
    ...(config.kafka ?? { brokers: [] }),
    clientId: 'threadline-api',
    group: 'threadline-api',
    dead: DEAD_LETTERS,
    topics: [inboundTopic(INBOUND), deadTopic(DEAD_LETTERS), passingTopic(ANSWERS)],
    log,
    lost: lost('Kafka consumer'),
  });
  started('broker', () => broker.close());
  const desk = new AnswerDesk<EventsAnswer>(ADDED.answerTo);
  await broker.follow(ANSWERS, (message) => desk.take(message));
  return kafkaDecisions(broker, { desk, signer: new DecisionSigner(masterKey), now: Date.now });
}

/** Ready when what was in the log at the start can be read. */
async function healthOf(store: Pick<KurrentEventStore, 'head'>, progress: ReadProgress): Promise<Health> {
  const health = new Health();
  const atStart = await store.head();
  health.addReady('read models', () => {
    if (progress.position >= atStart) return;
    throw new ThreadlineError('the read models are catching up', {
      code: 'not-ready',
      retriable: true,
      status: 503,
    });
  });
  return health;
}

function metricsOf(copy: LogCopy, progress: ReadProgress): Metrics {
  const metrics = new Metrics({ process: true });
  const gauge = (name: string, help: string, value: () => number): void => {
    metrics.gauge(name, help, [], (it) => it.set(value()));
  };
  gauge('log_position', 'Last position of the log, as far as it is known here', () => copy.headPosition());
  gauge('projection_position', 'Everything up to here can be read here', () => progress.position);
  return metrics;
}
