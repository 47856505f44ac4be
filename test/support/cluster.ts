import { randomBytes } from 'node:crypto';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { missingForOwnKafka, startKafka, type OwnKafka } from './kafka-servers.js';
import { missingRedis, startRedis, type RedisServers } from './redis-servers.js';
import { startService, type ServiceProcess } from './service-process.js';
import { startStore, type StoreProcess } from './store-process.js';

/** The servers of cluster mode, all of them our own, and the services on them. */
export interface Cluster {
  readonly kafka: OwnKafka;
  readonly store: StoreProcess;
  readonly redis: RedisServers;
  /** Another gateway or ingest; ended with the cluster. `root`: of a build of its own. */
  start(name: 'gateway' | 'ingest', root?: string): Promise<ServiceProcess>;
  /** The interactions of the log, in its order. */
  log(): Promise<RecordedEvent[]>;
  dispose(): Promise<void>;
}

/** Why there can be no cluster here; undefined: there can. */
export const missingForCluster = (): string | undefined => missingForOwnKafka() ?? missingRedis();

export async function startCluster(brokers: 1 | 3 = 1): Promise<Cluster> {
  const [kafka, store, redis] = await Promise.all([startKafka(brokers), startStore(), startRedis()]);
  const env = {
    THREADLINE_MASTER_KEY: randomBytes(32).toString('base64'),
    THREADLINE_KAFKA: kafka.brokers.join(','),
    THREADLINE_EVENTSTORE: store.connection(),
    THREADLINE_VAULT: redis.url,
  };
  const services: ServiceProcess[] = [];
  const reader = await KurrentEventStore.open({ connectionString: store.connection() });
  return {
    ...{ kafka, store, redis },
    start: async (name, root) => {
      const service = await startService(name, { env, ...(root !== undefined && { root }) });
      services.push(service);
      return service;
    },
    log: async () => {
      const events: RecordedEvent[] = [];
      for await (const event of reader.readAll({ prefixes: ['interaction-'] })) events.push(event);
      return events;
    },
    dispose: async () => {
      await Promise.all(services.map((service) => service.end('SIGKILL')));
      await reader.close();
      await Promise.all([kafka.dispose(), store.dispose(), redis.dispose()]);
    },
  };
}
