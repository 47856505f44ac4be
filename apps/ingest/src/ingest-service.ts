import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { BrokerServer } from '@threadline/broker/broker-server';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, inboundTopic, passingTopic } from '@threadline/broker/kafka/topics';
import { DecisionSigner } from '@threadline/channels/kafka-binding';
import { ANSWERS, DEAD_LETTERS, INBOUND, INGEST_GROUP } from '@threadline/contracts/events-answer';
import { CATEGORIES } from '@threadline/domain/decision';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import { ThreadlineError } from '@threadline/platform/errors';
import { Health } from '@threadline/platform/health';
import { NestLogger } from '@threadline/platform/logger';
import { Metrics } from '@threadline/platform/metrics';
import type { ServiceStart } from '@threadline/platform/run-service';
import { serveHttp } from '@threadline/platform/service-http';
import { loadMasterKey } from '@threadline/vault/master-key';
import { RedisVault } from '@threadline/vault/redis-vault';
import { WriteHealth } from './ingest-health.js';
import { IngestModule } from './ingest-module.js';
import { isOutage, kafkaIntake } from './kafka-intake.js';

/** Milliseconds. */
const LAG_WITHIN = 2_000;

/** Ingest of cluster mode: from Kafka to the log. Any number of them share the partitions. Answers where it listens. */
export async function startIngestService({ config, log, started, lost }: ServiceStart): Promise<string> {
  const { kafka = { brokers: [] }, eventStore = '', vault: vaultUrl = '', country } = config;
  const masterKey = loadMasterKey(config);
  const store = await KurrentEventStore.open({ connectionString: eventStore });
  started('event store', () => store.close());
  const vault = await RedisVault.open({ url: vaultUrl, masterKey, logIsEmpty: () => isEmpty(store) });
  started('vault', () => vault.close());
  const broker = await KafkaBroker.open({
    ...kafka,
    clientId: 'threadline-ingest',
    group: INGEST_GROUP,
    dead: DEAD_LETTERS,
    topics: [inboundTopic(INBOUND), deadTopic(DEAD_LETTERS), passingTopic(ANSWERS)],
    consumes: [INBOUND],
    isOutage,
    log,
    lost: lost('Kafka consumer'),
  });
  const metrics = new Metrics({ process: true });
  const outcomes = metrics.counter('events_accepted_total', 'Events accepted, or known already', ['outcome']);
  metrics.gauge('ingest_lag_events', 'Events on Kafka that are not in the log', [], async (gauge) =>
    gauge.set(await lagOf(broker)),
  );
  metrics.gauge('ingest_dead_letters_written', 'Messages that this process has put aside', [], (gauge) =>
    gauge.set(broker.buried),
  );
  const module = IngestModule.of({
    ...{ log: store, vault, clock: Date.now, alone: true },
    ...(country !== undefined && { country }),
    onAppended: () => undefined,
    unforeseen: (error) => log.error({ err: error }, 'events could not be written'),
  });
  const intake = kafkaIntake(broker, {
    signer: new DecisionSigner(masterKey),
    taken: (outcome) => outcomes.inc({ outcome }),
    unanswered: (error) => log.debug({ err: error }, 'an answer could not be sent'),
  });
  const app = await NestFactory.createMicroservice(module, {
    strategy: new BrokerServer(intake),
    logger: new NestLogger(log),
  });
  started('broker', () => app.close());
  await app.listen();
  const health = new Health();
  const writes = app.get(WriteHealth);
  health.addReady('broker', () => broker.ping());
  health.addReady('writes', () => {
    const { ready, reason } = writes.state;
    if (!ready) throw notReady(`events cannot be written: ${reason}`);
  });
  return serveHttp({ config, log, modules: [], health, metrics, bodyLimit: 1_024, started });
}

/** Not a number where Kafka does not say it soon: the other figures are told all the same. */
const lagOf = (broker: KafkaBroker): Promise<number> =>
  Promise.race([broker.lag().catch(() => NaN), delay(LAG_WITHIN, NaN, { ref: false })]);

/** Nothing in the log is sealed, so that no vault is missing. */
async function isEmpty(store: KurrentEventStore): Promise<boolean> {
  const prefixes = CATEGORIES.map((category) => `${category}-`);
  const first = await store.readAll({ prefixes, limit: 1 })[Symbol.asyncIterator]().next();
  return first.done === true;
}

const notReady = (reason: string): ThreadlineError =>
  new ThreadlineError(reason, { code: 'not-ready', retriable: true, status: 503 });
