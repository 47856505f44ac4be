import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { DEAD_LETTERS, INBOUND, INGEST_GROUP } from '@threadline/contracts/events-answer';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import type { Config } from '@threadline/platform/config';
import { createLogger } from '@threadline/platform/logger';
import { PublishedPosition } from '@threadline/read-store/redis/published-position';
import { RedisVault } from '@threadline/vault/redis-vault';
import { failed, type Finding, type State } from './doctor-finding.js';
import { clusterMasterKey } from './folder.js';

type Found = readonly [State, string];

/** Looks at the servers of a cluster that are named; writes nothing to them. */
export async function* examineServers(config: Config): AsyncGenerator<Finding> {
  const { kafka, eventStore, redis, vault } = config;
  yield await look('Kafka', 'THREADLINE_KAFKA', kafka, kafkaState);
  yield await look('event store', 'THREADLINE_EVENTSTORE', eventStore, eventStoreState);
  yield await look('read models', 'THREADLINE_REDIS', redis, readModelsState);
  yield await look('vault', 'THREADLINE_VAULT', vault, (url) => vaultState(url, config));
}

async function look<T>(
  check: string,
  variable: string,
  address: T | undefined,
  state: (address: T) => Promise<Found>,
): Promise<Finding> {
  if (address === undefined) return { check, state: 'warn', detail: `not looked at: ${variable} is not set` };
  try {
    const [found, detail] = await state(address);
    return { check, state: found, detail };
  } catch (error) {
    return failed(check, error);
  }
}

async function kafkaState(address: NonNullable<Config['kafka']>): Promise<Found> {
  const broker = await KafkaBroker.open({
    ...address,
    ...{
      clientId: 'threadline-doctor',
      group: INGEST_GROUP,
      dead: DEAD_LETTERS,
      topics: [],
      consumes: [INBOUND],
    },
    log: createLogger({ level: 'silent' }),
    lost: () => undefined,
  });
  try {
    await broker.ping();
    const lag = await broker.lag().catch(() => undefined);
    if (lag === undefined)
      return ['warn', `answers; there is no topic ${INBOUND} yet: no service has run on it`];
    return ['ok', `answers; ${lag} events wait for ingest`];
  } finally {
    await broker.close();
  }
}

async function eventStoreState(connectionString: string): Promise<Found> {
  const store = await KurrentEventStore.open({ connectionString });
  try {
    return ['ok', `answers; the log ends at position ${await store.head()}`];
  } finally {
    await store.close();
  }
}

async function readModelsState(url: string): Promise<Found> {
  const published = await PublishedPosition.open({ url });
  try {
    const position = await published.now();
    if (position === undefined)
      return ['warn', 'answers, and has no complete read model: does a projector run?'];
    return ['ok', `published up to position ${position}`];
  } finally {
    published.close();
  }
}

async function vaultState(url: string, config: Config): Promise<Found> {
  const vault = await RedisVault.open({ url, masterKey: clusterMasterKey(config), readOnly: true });
  await vault.close();
  return ['ok', 'keeps every write, and the master key opens it'];
}
