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
  type PartitionMetadata,
  type Producer,
  type SASLOptions,
} from 'kafkajs';
import {
  ANSWER_WITHIN,
  clientSettings,
  refusalOf,
  RETRY,
  tell,
  type ClientOptions,
} from './client-settings.js';
import type { TopicSettings } from './topics.js';

/** How often it is asked what topics there are, and where they end. */
const ASKED = 50;

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

function client(options: ClientOptions, retries: number): Kafka {
  const { sasl, ...settings } = clientSettings(options, retries);
  return new Kafka({
    ...settings,
    ...(sasl && { sasl: sasl as SASLOptions }),
    logLevel: logLevel.INFO,
    logCreator: () => (told) => tell(options.log, told, told.level <= logLevel.WARN),
  });
}

/** `kafkajs`, and what has to be known of it; nobody else imports it. Errors come as the driver's. */
export class KafkaDriver {
  readonly #options: ClientOptions;
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #partitionOf = Partitioners.DefaultPartitioner();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#kafka = client(options, RETRY.retries);
    this.#admin = this.#kafka.admin();
  }

  async connect(): Promise<void> {
    if (this.#options.tls !== undefined) await this.#assertTrust();
    await this.#admin.connect();
  }

  /** The driver would try for 14 s what no second try can mend. */
  async #assertTrust(): Promise<void> {
    const once = client(this.#options, 0).admin();
    try {
      await once.connect();
    } catch (error) {
      if (refusalOf(error) !== undefined) throw error;
    } finally {
      await once.disconnect();
    }
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
    // Those that another process has just made are not known to every broker yet.
    const names = topics.map(({ name }) => name);
    const { topics: found } = await again(() => this.#admin.fetchTopicMetadata({ topics: names }));
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
    await again(() => consumer.subscribe({ topics: [...topics], fromBeginning: from === 'beginning' }));
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

/** The driver does not try these again by itself while a topic is new to a broker, or a partition has no leader yet. */
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
