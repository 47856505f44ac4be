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
import type { Lines } from './lines.js';
import { missingRedis, startRedis, type RedisServers } from './redis-servers.js';
import { startService, type ServiceProcess } from './service-process.js';
import { startStore, type StoreProcess } from './store-process.js';

export type Service = 'gateway' | 'ingest' | 'projector' | 'api';

export interface ProcessOptions {
  /** Breaks the product in these places. */
  readonly sabotage?: readonly Sabotage[];
  /** The name of its folder, kept when it ends; default: one of its own. */
  readonly folder?: string;
  /** Beside what it is given anyway. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ClusterOptions {
  /** Default 1. */
  readonly brokers?: 1 | 3;
  /** What the services reach the servers by; default: directly. */
  readonly lines?: Lines;
  /** Of the Redis of the read models, beside those that make it durable. */
  readonly readsFlags?: readonly string[];
}

/** The servers of cluster mode, all of them our own, and the services on them. */
export interface Cluster {
  readonly kafka: OwnKafka;
  readonly store: StoreProcess;
  /** Of the vault. */
  readonly redis: RedisServers;
  /** Of the read models. */
  readonly reads: RedisServers;
  readonly masterKey: Buffer;
  /** Where the servers are, as every service is told. */
  readonly env: Readonly<Record<string, string>>;
  /** Another process of a service; ended with the cluster. */
  start(name: Service, options?: ProcessOptions): Promise<ServiceProcess>;
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

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { brokers = 1, lines, readsFlags = [] } = options;
  const advertised = lines?.kafka.map(({ port }) => port);
  const [kafka, store, redis, reads] = await allOrNone([
    startKafka(brokers, advertised),
    startStore(),
    startRedis(),
    startRedis('single', readsFlags),
  ] as const);
  const folder = await mkdtemp(join(tmpdir(), 'threadline-cluster-'));
  const masterKey = randomBytes(32);
  const env = {
    THREADLINE_MASTER_KEY: masterKey.toString('base64'),
    ...(lines === undefined ? direct : proxied(lines))({ kafka, store, redis, reads }),
  };
  const services: ServiceProcess[] = [];
  const reader = await KurrentEventStore.open({ connectionString: store.connection() });
  return {
    ...{ kafka, store, redis, reads, masterKey, env },
    start: async (name, { sabotage = [], folder: kept, env: more } = {}) => {
      const data = join(folder, kept ?? `${name}-${services.length}-${randomBytes(4).toString('hex')}`);
      const own = { ...env, THREADLINE_DATA: data, ...more, ...sabotageOptions(sabotage) };
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

interface Disposable {
  dispose(): Promise<void>;
}

/** Where one does not start, the others are ended: what still runs would keep the process from ending, and hide why. */
async function allOrNone<T extends readonly Promise<Disposable>[]>(
  starting: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const started = await Promise.allSettled(starting);
  const failed = started.find((one) => one.status === 'rejected');
  if (failed === undefined) return Promise.all(starting);
  for (const one of started) if (one.status === 'fulfilled') await one.value.dispose();
  throw failed.reason as Error;
}

type Servers = Pick<Cluster, 'kafka' | 'store' | 'redis' | 'reads'>;

const direct = ({ kafka, store, redis, reads }: Servers): Record<string, string> => ({
  THREADLINE_KAFKA: kafka.brokers.join(','),
  THREADLINE_EVENTSTORE: store.connection(),
  THREADLINE_VAULT: redis.url,
  THREADLINE_REDIS: reads.url,
});

const proxied =
  (lines: Lines) =>
  ({ kafka, store, redis, reads }: Servers): Record<string, string> => {
    lines.kafka.forEach((line, index) => line.leadTo(kafka.clients[index] as number));
    lines.store.leadTo(store.port);
    lines.vault.leadTo(redis.ports[0] as number);
    lines.reads.leadTo(reads.ports[0] as number);
    return {
      THREADLINE_KAFKA: lines.kafka.map(({ port }) => `127.0.0.1:${port}`).join(),
      THREADLINE_EVENTSTORE: store.connection(undefined, lines.store.port),
      THREADLINE_VAULT: `redis://127.0.0.1:${lines.vault.port}`,
      THREADLINE_REDIS: `redis://127.0.0.1:${lines.reads.port}`,
    };
  };
