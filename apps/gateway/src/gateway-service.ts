import { AnswerDesk } from '@threadline/broker/answer-desk';
import { KafkaDeadLetters } from '@threadline/broker/kafka-dead-letters';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, inboundTopic, passingTopic } from '@threadline/broker/kafka/topics';
import { Intake } from '@threadline/channels/intake';
import { ADDED, DecisionSigner } from '@threadline/channels/kafka-binding';
import { REQUEST_LIMIT } from '@threadline/contracts/cloudevents';
import { ANSWERS, DEAD_LETTERS, INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';
import { followKeys } from '@threadline/event-store/grpc/followed-keys';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import { SCOPES } from '@threadline/platform/auth';
import { Health } from '@threadline/platform/health';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { Metrics } from '@threadline/platform/metrics';
import type { ServiceStart } from '@threadline/platform/run-service';
import { serveHttp } from '@threadline/platform/service-http';
import { loadMasterKey } from '@threadline/vault/master-key';
import { Edge, edgeHash } from './edge.js';
import { GatewayModule } from './gateway-module.js';

/** The gateway of cluster mode: HTTP to Kafka, with the keys that the log tells. Answers where it listens. */
export async function startGateway({ config, log, started, lost }: ServiceStart): Promise<string> {
  const { kafka = { brokers: [] }, eventStore = '', country, bootstrapKey } = config;
  const masterKey = loadMasterKey(config);
  const store = await KurrentEventStore.open({ connectionString: eventStore });
  started('event store', () => store.close());
  const directory = new KeyDirectory();
  if (bootstrapKey !== undefined) directory.admit(bootstrapKey, { id: 'bootstrap', scopes: SCOPES });
  const stop = new AbortController();
  await followKeys(store, directory, stop.signal, lost('key log'));
  started('keys', () => stop.abort());
  const broker = await KafkaBroker.open({
    ...kafka,
    clientId: 'threadline-gateway',
    group: 'threadline-gateway',
    dead: DEAD_LETTERS,
    topics: [inboundTopic(INBOUND), deadTopic(DEAD_LETTERS), passingTopic(ANSWERS)],
    log,
    lost: lost('Kafka consumer'),
  });
  started('broker', () => broker.close());
  const desk = new AnswerDesk<EventsAnswer>(ADDED.answerTo);
  await broker.follow(ANSWERS, (message) => desk.take(message));
  const health = new Health();
  health.addReady('broker', () => broker.ping());
  const metrics = new Metrics({ process: true });
  metrics.gauge('gateway_events_in_flight', 'Events under way to Kafka', [], (gauge) =>
    gauge.set(broker.inFlight.messages),
  );
  const edge = new Edge({
    ...{ broker, desk },
    intake: new Intake({ hash: edgeHash, ...(country !== undefined && { country }) }),
    signer: new DecisionSigner(masterKey),
    clock: Date.now,
  });
  const letters = new KafkaDeadLetters(broker, DEAD_LETTERS);
  const modules = [GatewayModule.of({ broker: edge, keys: directory, letters })];
  return serveHttp({ config, log, modules, health, metrics, bodyLimit: REQUEST_LIMIT, started });
}
