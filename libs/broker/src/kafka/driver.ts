import { setTimeout as delay } from 'node:timers/promises';
import {
  CompressionTypes,
  Kafka,
  logLevel,
  Partitioners,
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type IHeaders,
  type KafkaMessage,
  type logCreator,
  type PartitionMetadata,
  type Producer,
} from 'kafkajs';
import type { Logger } from '@threadline/platform/logger';
import type { TopicSettings } from './topics.js';

/** Milliseconds. */
const CONNECT_WITHIN = 3_000;
const ANSWER_WITHIN = 10_000;

/**
 * How long a send is tried by the driver itself, with the same sequence numbers: about 14 s, longer than it takes three
 * brokers to agree that one of them is gone (`broker.session.timeout.ms`, 9 s unless set otherwise).
 */
const RETRY = { initialRetryTime: 100, factor: 0.2, multiplier: 2, maxRetryTime: 2_000, retries: 10 };

/** How often it is asked where a topic ends. */
const ASKED = 15;

/** As Kafka has them: a repeated header is a list, a value is any bytes. */
export type RawHeaders = Readonly<Record<string, Uint8Array | string | (Buffer | string)[] | undefined>>;

/** A message on its way out. */
export interface Outgoing {
  readonly key: string | Uint8Array | null;
  readonly headers: RawHeaders;
  readonly body: Uint8Array | null;
}

/** A message as it lies in a partition. */
export interface Incoming extends Outgoing {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Milliseconds since 1970, by whoever sent it or by the broker. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly body: Buffer | null;
}

/** What one fetch brought of one partition. */
export interface DriverBatch {
  readonly messages: readonly Incoming[];
  /** Everything up to here is done, for good. */
  resolve(offset: string): void;
  /** Tells the group that we live; throws where the partition may not be ours any more. */
  heartbeat(): Promise<void>;
  /** Commits what is resolved, if the last time is long enough ago. */
  commit(): Promise<void>;
  /** False when the consumer is about to stop. */
  running(): boolean;
}

export interface ConsumerSettings {
  readonly group: string;
  readonly topics: readonly string[];
  /** Where a group begins that has committed nothing. */
  readonly from: 'beginning' | 'end';
  readonly sessionTimeout: number;
  readonly handle: (batch: DriverBatch) => Promise<void>;
  /** It has stopped by itself, and will not begin again. */
  readonly lost: (error: Error) => void;
  /** Once for each time that it has joined the group; `count` partitions are ours. */
  readonly joined?: (count: number) => void;
  /** Nothing is committed: for who follows a topic and does not share it. */
  readonly remember?: boolean;
}

export interface DriverConsumer {
  /** Resolves when the first answer to a fetch has come: what is published from now on is seen. */
  readonly fetching: Promise<void>;
  close(): Promise<void>;
}

export interface DriverProducer {
  /** All of them or, as far as one can know, none; into one partition. */
  send(topic: string, partition: number, messages: readonly Outgoing[]): Promise<void>;
  close(): Promise<void>;
}

/** `kafkajs`, and what has to be known of it; nobody else imports it. Errors come as the driver's. */
export class KafkaDriver {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #partitionOf = Partitioners.DefaultPartitioner();

  constructor({ brokers, clientId, log }: { brokers: readonly string[]; clientId: string; log: Logger }) {
    this.#kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      connectionTimeout: CONNECT_WITHIN,
      requestTimeout: ANSWER_WITHIN,
      retry: RETRY,
      logLevel: logLevel.INFO,
      logCreator: logTo(log),
    });
    this.#admin = this.#kafka.admin();
  }

  async connect(): Promise<void> {
    await this.#admin.connect();
  }

  async close(): Promise<void> {
    await this.#admin.disconnect();
  }

  /** Resolves when a broker has answered. */
  async ping(): Promise<void> {
    await this.#admin.describeCluster();
  }

  /** Makes those that are missing; what is there stays as it is. Returns the number of partitions of each. */
  async ensureTopics(topics: readonly TopicSettings[]): Promise<Map<string, number>> {
    const there = new Set(await this.#admin.listTopics());
    const missing = topics.filter(({ name }) => !there.has(name));
    if (missing.length > 0) {
      const { brokers } = await this.#admin.describeCluster();
      const copies = Math.min(3, brokers.length);
      await this.#admin
        .createTopics({
          topics: missing.map(({ name, partitions, settings }) => ({
            topic: name,
            numPartitions: partitions,
            replicationFactor: copies,
            configEntries: Object.entries({
              'min.insync.replicas': copies === 3 ? '2' : '1',
              ...settings,
            }).map(([key, value]) => ({ name: key, value })),
          })),
        })
        .catch(async (error: unknown) => {
          // Another process may have been faster.
          const now = new Set(await this.#admin.listTopics());
          if (!topics.every(({ name }) => now.has(name))) throw error;
        });
    }
    const { topics: found } = await this.#admin.fetchTopicMetadata({
      topics: topics.map(({ name }) => name),
    });
    return new Map(found.map(({ name, partitions }) => [name, partitions.length]));
  }

  /** Where a key belongs, as Kafka's own clients have it (murmur2). */
  partition(topic: string, key: string, partitions: number): number {
    const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({ partitionId }));
    return this.#partitionOf({
      topic,
      partitionMetadata: partitionMetadata as PartitionMetadata[],
      message: { key, value: null },
    });
  }

  /** The first offset and the one after the last, by partition. */
  async extents(topic: string): Promise<{ partition: number; low: bigint; high: bigint }[]> {
    const found = await again(() => this.#admin.fetchTopicOffsets(topic));
    return found.map(({ partition, low, high }) => ({ partition, low: BigInt(low), high: BigInt(high) }));
  }

  /** Messages that the group has not committed yet. */
  async lag(group: string, topic: string): Promise<number> {
    const [extents, [committed]] = await Promise.all([
      this.extents(topic),
      this.#admin.fetchOffsets({ groupId: group, topics: [topic] }),
    ]);
    let lag = 0n;
    for (const { partition, low, high } of extents) {
      const offset = committed?.partitions.find((one) => one.partition === partition)?.offset ?? '-1';
      const next = BigInt(offset);
      lag += high - (next < low ? low : next);
    }
    return Number(lag);
  }

  /** Idempotent, acknowledged by every replica in sync. */
  async producer(): Promise<DriverProducer> {
    const producer: Producer = this.#kafka.producer({
      idempotent: true,
      // Given, so that the driver does not warn of its own default.
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: RETRY,
    });
    await producer.connect();
    return {
      send: async (topic, partition, messages) => {
        await producer.send({
          topic,
          acks: -1,
          timeout: ANSWER_WITHIN,
          compression: CompressionTypes.None,
          messages: messages.map(({ key, headers, body }) => ({
            partition,
            key: key === null ? null : Buffer.from(key),
            value: body === null ? null : Buffer.from(body.buffer, body.byteOffset, body.byteLength),
            headers: headers as IHeaders,
          })),
        });
      },
      close: () => producer.disconnect(),
    };
  }

  async consumer(settings: ConsumerSettings): Promise<DriverConsumer> {
    const { group, topics, from, sessionTimeout, handle, lost, joined, remember = true } = settings;
    const consumer: Consumer = this.#kafka.consumer({
      groupId: group,
      sessionTimeout,
      rebalanceTimeout: 2 * sessionTimeout,
      heartbeatInterval: Math.min(1_000, sessionTimeout / 3),
      maxWaitTimeInMs: 250,
      retry: RETRY,
    });
    const fetching = Promise.withResolvers<void>();
    consumer.on('consumer.fetch', () => fetching.resolve());
    consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
      if (!restart) lost(error);
    });
    consumer.on('consumer.group_join', ({ payload: { memberAssignment } }) => {
      joined?.(Object.values(memberAssignment).flat().length);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: from === 'beginning' });
    await consumer.run({
      autoCommit: remember,
      autoCommitInterval: 1_000,
      eachBatchAutoResolve: false,
      // All of what a fetch brought at once: the next fetch waits for the slowest of them anyway.
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) => handle(batchOf(payload)),
    });
    return { fetching: fetching.promise, close: () => consumer.disconnect() };
  }
}

/** The driver does not try these again by itself while a partition has no leader yet, or another one. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ASKED || (error as { retriable?: unknown }).retriable !== true) throw error;
    }
    await delay(200);
  }
}

function batchOf(payload: EachBatchPayload): DriverBatch {
  const { topic, partition, messages } = payload.batch;
  return {
    messages: messages.map((message) => incoming(topic, partition, message)),
    resolve: (offset) => payload.resolveOffset(offset),
    heartbeat: () => payload.heartbeat(),
    commit: () => payload.commitOffsetsIfNecessary(),
    running: () => payload.isRunning() && !payload.isStale(),
  };
}

const incoming = (
  topic: string,
  partition: number,
  { key, headers = {}, value, offset, timestamp }: KafkaMessage,
): Incoming => ({
  ...{ topic, partition, offset },
  timestamp: Number(timestamp),
  ...{ key, headers, body: value },
});

/** Expected, and over by itself. */
const HARMLESS =
  /COORDINATOR_LOAD|coordinator is loading|Limiting retries for the idempotent producer|rebalanc/i;

/** The driver calls an ERROR what it is about to heal: WARN at most. What does not heal is told to `lost`. */
const logTo =
  (log: Logger): logCreator =>
  () =>
  ({ level, namespace, log: { message, error } }) => {
    const reason = typeof error === 'string' ? error : undefined;
    const quiet = level > logLevel.WARN || HARMLESS.test(`${message} ${reason ?? ''}`);
    log[quiet ? 'debug' : 'warn']({ namespace, told: message, reason }, 'the Kafka driver tells something');
  };
