import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ThreadlineError } from '@threadline/platform/errors';
import { Health } from '@threadline/platform/health';
import { Metrics } from '@threadline/platform/metrics';
import type { ServiceStart } from '@threadline/platform/run-service';
import { serveHttp } from '@threadline/platform/service-http';
import { openFollowedStores } from '@threadline/read-store/followed-stores';
import { Projector } from '@threadline/read-store/projector';
import { Calls, type CallHandler } from '@threadline/read-store/redis/calls';
import { Lease } from '@threadline/read-store/redis/lease';
import { PublishedPosition } from '@threadline/read-store/redis/published-position';
import type { WorkingCopy } from '@threadline/read-store/redis/take-over';
import { LiveModels } from '@threadline/read-store/sqlite/live-models';
import { SqliteSuggestionReads } from '@threadline/read-store/search/sqlite-suggestion-reads';
import type { SuggestionQuery } from '@threadline/read-store/search/suggestion-reads';
import { Projection } from './projection.js';
import { Publication } from './publication.js';

/** Milliseconds between two tries for the lease, and two looks at what is published. */
const KEEP_EVERY = 1_000;

/**
 * The projector of cluster mode: follows the log into read models of its own, and publishes them while it is the active
 * one. The others stand by with everything at hand. Answers where it listens.
 */
export async function startProjectorService({ config, log, started, lost }: ServiceStart): Promise<string> {
  const { folder, redis: url = '' } = config;
  const { masterKey, store, vault, copy } = await openFollowedStores({ config, started });
  const lease = await Lease.open({ url, holder: `${hostname()}/${process.pid}/${randomUUID()}` });
  const published = await PublishedPosition.open({ url });
  const projector = Projector.open({ folder, log: copy, vault, now: Date.now });
  const workingCopy: WorkingCopy = {
    get model() {
      return projector.model;
    },
    redrive: (stream) => projector.redrive(stream),
    head: () => store.head(),
  };
  const publication = new Publication({ lease, published, copy: workingCopy, url, log });
  started('publication', () => publication.close());
  const projection = new Projection(projector, () => publication.publish(), log);
  started('projection', () => projection.close());
  const stop = new AbortController();
  const onCopied = (): void => void projection.advance();
  const following = copy.follow(store, { signal: stop.signal, onCopied }).catch(lost('log copy'));
  started('following', async () => {
    stop.abort();
    await following;
  });
  await publication.keepLease();
  let keeping: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    keeping = publication
      .keepLease()
      .catch((error: unknown) => log.warn({ err: error }, 'the lease could not be kept'))
      .then(() => projection.tell());
  }, KEEP_EVERY);
  started('lease', async () => {
    clearInterval(timer);
    await keeping;
  });

  const models = new LiveModels(folder);
  const suggestions = new SqliteSuggestionReads({ folder, vault, models, now: Date.now });
  started('suggestions', () => suggestions.close());
  const handlers: Record<string, CallHandler> = {
    redrive: (interaction) => projection.redrive(interaction as string),
    suggestions: (query) => suggestions.suggestions(query as SuggestionQuery),
    rebuild: async (_, tell) => {
      const files = await projector.build((step) => void tell(step).catch(() => undefined), stop.signal);
      await projection.adopt(files);
      models.refresh();
    },
  };
  const calls = await Calls.open({ url, masterKey });
  const serving = calls.serveAll(handlers, {
    signal: stop.signal,
    isActive: () => publication.isActive,
    failed: (error) => log.warn({ err: error }, 'a call could not be answered'),
  });
  started('calls', async () => {
    stop.abort();
    await serving;
    calls.close();
  });

  const health = new Health();
  const atStart = await store.head();
  health.addReady('projection', () => {
    if (projector.checkpoint >= atStart) return;
    throw new ThreadlineError('the read models are catching up', {
      code: 'not-ready',
      retriable: true,
      status: 503,
    });
  });
  const metrics = new Metrics({ process: true });
  const gauge = (name: string, help: string, value: () => number): void => {
    metrics.gauge(name, help, [], (it) => it.set(value()));
  };
  gauge('projector_active', 'This projector is the one that publishes', () => Number(publication.isActive));
  gauge('log_position', 'Last position of the log, as far as it is known here', () => copy.headPosition());
  gauge('projection_position', 'Everything up to here is projected', () => projector.checkpoint);
  gauge('projection_published_position', 'Everything up to here was published', () => publication.position);
  gauge('parked_interactions', 'Interactions that could not be used', () => projector.parkedInteractions());
  gauge('log_passed_over_events', 'Events whose id is another event’s', () => copy.passedOver().length);
  return serveHttp({ config, log, modules: [], health, metrics, bodyLimit: 1_024, started });
}
