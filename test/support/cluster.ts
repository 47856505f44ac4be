import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import {
  START,
  type Append,
  type AppendResult,
  type Position,
  type RecordedEvent,
} from '@threadline/event-store/event-store';
import { RedisVault } from '@threadline/vault/redis-vault';
import type { Hash } from '@threadline/domain/ids';
import { sabotageOptions, type Sabotage } from '../faults/sabotage.js';
import { all } from './esdb.js';
import { missingForOwnKafka, startKafka, type OwnKafka } from './kafka-servers.js';
import { missingRedis, startRedis, type RedisServers } from './redis-servers.js';
import { startService, type ServiceProcess } from './service-process.js';
import { startStore, type StoreProcess } from './store-process.js';

export type Service = 'gateway' | 'ingest' | 'projector' | 'api';

/** The servers of cluster mode, all of them our own, and the services on them. */
export interface Cluster {
  readonly kafka: OwnKafka;
  readonly store: StoreProcess;
  /** Of the vault. */
  readonly redis: RedisServers;
  /** Of the read models. */
  readonly reads: RedisServers;
  readonly masterKey: Buffer;
  /** Another process of a service, broken in those places; ended with the cluster. */
  start(name: Service, sabotage?: readonly Sabotage[]): Promise<ServiceProcess>;
  /** The interactions of the log, in its order. */
  log(after?: Position): Promise<RecordedEvent[]>;
  /** To the log itself: for what no service writes. */
  append(appends: readonly Append[]): Promise<AppendResult[]>;
  /** Of the last event. */
  head(): Promise<Position>;
  /** The vault's: names streams and events. */
  hash(): Promise<Hash>;
  dispose(): Promise<void>;
}

/** Why there can be no cluster here; undefined: there can. */
export const missingForCluster = (): string | undefined => missingForOwnKafka() ?? missingRedis();

export async function startCluster(brokers: 1 | 3 = 1): Promise<Cluster> {
  const [kafka, store, redis, reads, folder] = await Promise.all([
    ...([startKafka(brokers), startStore(), startRedis(), startRedis()] as const),
    mkdtemp(join(tmpdir(), 'threadline-cluster-')),
  ]);
  const masterKey = randomBytes(32);
  const env = {
    THREADLINE_MASTER_KEY: masterKey.toString('base64'),
    THREADLINE_KAFKA: kafka.brokers.join(','),
    THREADLINE_EVENTSTORE: store.connection(),
    THREADLINE_VAULT: redis.url,
    THREADLINE_REDIS: reads.url,
  };
  const services: ServiceProcess[] = [];
  const reader = await KurrentEventStore.open({ connectionString: store.connection() });
  return {
    ...{ kafka, store, redis, reads, masterKey },
    start: async (name, sabotage = []) => {
      const data = join(folder, `${name}-${services.length}-${randomBytes(4).toString('hex')}`);
      const own = { ...env, THREADLINE_DATA: data, ...sabotageOptions(sabotage) };
      const service = await startService(name, { env: own });
      services.push(service);
      return service;
    },
    log: (after = START) => all(reader.readAll({ prefixes: ['interaction-'], after })),
    append: (appends) => reader.append(appends),
    head: () => reader.head(),
    hash: async () => {
      const vault = await RedisVault.open({ url: redis.url, masterKey, readOnly: true });
      await vault.close();
      return vault.hash;
    },
    dispose: async () => {
      await Promise.all(services.map((service) => service.end('SIGKILL')));
      await reader.close();
      await Promise.all([kafka.dispose(), store.dispose(), redis.dispose(), reads.dispose()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
