import { randomUUID } from 'node:crypto';
import type { KafkaAddress } from '@threadline/platform/kafka-address';
import type { Logger } from '@threadline/platform/logger';
import {
  BrokerClosedError,
  BrokerRefusedError,
  BrokerUnavailableError,
  UnhandledTopicError,
  type Broker,
  type Handler,
  type Message,
} from './broker.js';
import { runBatch } from './kafka/batch-run.js';
import { refusalOf } from './kafka/client-settings.js';
import { deadLetter } from './kafka/dead-letter.js';
import { KafkaDriver, type DriverConsumer, type Incoming, type Outgoing } from './kafka/driver.js';
import { asMessage } from './kafka/incoming-message.js';
import { KafkaSender } from './kafka/sender.js';
import type { TopicSettings } from './kafka/topics.js';

export interface KafkaBrokerOptions extends KafkaAddress {
  /** What Kafka calls us in its logs and figures. */
  readonly clientId: string;
  /** Every topic that is published to or consumed, and the dead letters': made where they are missing. */
  readonly topics: readonly TopicSettings[];
  /** Where messages go that cannot be handled. */
  readonly dead: string;
  /** Of those who divide the consumed topics among themselves. */
  readonly group: string;
  /** What of `topics` a consumer has to have a handler for; one that has none is refused. Default: nothing. */
  readonly consumes?: readonly string[];
  /**
   * Errors that say nothing of the message: it is tried again for as long as they come, with pauses up to 5 s. All
   * other retriable ones are tried 8 times, within 12 s; what is not retriable once. Default: none is an outage.
   */
  readonly isOutage?: (error: unknown) => boolean;
  readonly log: Logger;
  /** The consumer has ended by itself: nothing is handled any more, and the process should end. */
  readonly lost: (error: Error) => void;
  /** Milliseconds after which the group takes a consumer for dead that says nothing; default 6 s. */
  readonly sessionTimeout?: number;
  /** Messages that may be under way to Kafka at once; beyond, `OverloadedError`. */
  readonly messagesInFlight?: number;
  readonly bytesInFlight?: number;
}

/** Milliseconds: the least that Kafka's brokers take unless told otherwise. So long nobody has a dead consumer's partitions. */
const SESSION = 6_000;

/** Milliseconds: who reads a topic to its end gives up where nothing comes for so long. */
const SILENCE = 20_000;

/**
 * The broker on Apache Kafka. A message is safe when all replicas in sync have it. Handed over at least once: an offset is
 * committed when its message is handled or lies with the dead letters, so what a consumer was at when it was killed comes
 * again. Messages of one key are handled one after the other, all others of a fetch at the same time.
 */
export class KafkaBroker implements Broker {
  readonly #driver: KafkaDriver;
  readonly #sender: KafkaSender;
  readonly #options: KafkaBrokerOptions;
  /** The number of partitions, by topic. */
  readonly #topics: ReadonlyMap<string, number>;
  readonly #closing = new AbortController();
  readonly #followers: DriverConsumer[] = [];
  #consumer: DriverConsumer | undefined;
  #turn = 0;
  #buried = 0;

  /** Connects and makes the topics that are missing. @throws BrokerRefusedError, BrokerUnavailableError */
  static async open(options: KafkaBrokerOptions): Promise<KafkaBroker> {
    const driver = new KafkaDriver(options);
    try {
      await driver.connect();
      return new KafkaBroker(driver, await driver.ensureTopics(options.topics), options);
    } catch (error) {
      await driver.close().catch(() => undefined);
      const reason = refusalOf(error);
      throw reason === undefined ? new BrokerUnavailableError(error) : new BrokerRefusedError(reason, error);
    }
  }

  private constructor(driver: KafkaDriver, topics: ReadonlyMap<string, number>, options: KafkaBrokerOptions) {
    this.#driver = driver;
    this.#topics = topics;
    this.#options = options;
    const { messagesInFlight = 20_000, bytesInFlight = 64 * 1_048_576 } = options;
    this.#sender = new KafkaSender(driver, { messagesInFlight, bytesInFlight });
  }

  /** How much is under way to Kafka: what the metrics show. */
  get inFlight(): { messages: number; bytes: number } {
    return this.#sender.inFlight;
  }

  /** Messages that this process has put aside. */
  get buried(): number {
    return this.#buried;
  }

  /** Messages of the topics it consumes that nobody has handled yet. */
  async lag(): Promise<number> {
    const { group, consumes = [] } = this.#options;
    const asked = Promise.all(consumes.map((topic) => this.#driver.lag(group, topic)));
    const lags = await asked.catch(unavailable);
    return lags.reduce((sum, lag) => sum + lag, 0);
  }

  async publish(messages: readonly Message[]): Promise<unknown[]> {
    if (this.#closing.signal.aborted) throw new BrokerClosedError();
    const addressed = messages.map(({ topic, key, headers, body }) => {
      const partition = this.#partition(topic, key);
      return { topic, partition, message: { key: key ?? null, headers, body } };
    });
    await this.#sender.send(addressed);
    return messages.map(() => undefined);
  }

  async consume(topics: readonly string[], handler: Handler): Promise<void> {
    if (this.#consumer !== undefined) throw new TypeError('a Kafka broker is consumed once');
    const { group, log, lost, sessionTimeout = SESSION, consumes = [] } = this.#options;
    for (const topic of topics) this.#partitions(topic);
    for (const topic of consumes) if (!topics.includes(topic)) throw new UnhandledTopicError(topic);
    const options = {
      handle: (message: Incoming) => handler(asMessage(message)),
      bury: (message: Incoming, error: unknown, attempts: number) => this.#bury(message, error, attempts),
      isOutage: this.#options.isOutage ?? ((): boolean => false),
      waiting: (error: unknown, attempts: number): void =>
        log.debug({ err: error, attempts }, 'a message is tried again'),
      closing: this.#closing.signal,
    };
    this.#consumer = await this.#driver.consumer({
      ...{ group, topics, sessionTimeout, lost },
      from: 'beginning',
      handle: (batch) => runBatch(batch, options),
      joined: (partitions) => log.info({ group, partitions }, 'joined the consumer group'),
    });
  }

  /**
   * Hands over what is published to the topic from now on, to this process whatever others do; resolves when that is so.
   * Nothing is remembered: what comes while the broker cannot be reached may be missed. Messages come one by one.
   */
  async follow(topic: string, take: (message: Message) => void): Promise<void> {
    this.#partitions(topic);
    const { group, lost, sessionTimeout = SESSION } = this.#options;
    const follower = await this.#driver.consumer({
      group: `${group}-${randomUUID()}`,
      topics: [topic],
      from: 'end',
      remember: false,
      ...{ sessionTimeout, lost },
      handle: async (batch) => {
        for (const message of batch.messages) {
          take(asMessage(message));
          batch.resolve(message.offset);
        }
      },
    });
    this.#followers.push(follower);
    await follower.fetching;
  }

  /** Everything that lies in a topic now, by partition and offset. @throws BrokerUnavailableError */
  async readTopic(topic: string): Promise<Incoming[]> {
    this.#partitions(topic);
    return this.#read(topic).catch(unavailable);
  }

  /** As it is, headers of any bytes included. */
  async sendRaw(topic: string, message: Outgoing): Promise<void> {
    const key = message.key === null ? undefined : Buffer.from(message.key).toString('utf8');
    await this.#sender.send([{ topic, partition: this.#partition(topic, key), message }]);
  }

  /** Resolves when Kafka answers. */
  ping(): Promise<void> {
    return this.#driver.ping();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#consumer?.close();
    for (const follower of this.#followers) await follower.close();
    await this.#sender.close();
    await this.#driver.close();
  }

  async #read(topic: string): Promise<Incoming[]> {
    const missing = new Map<number, bigint>();
    for (const { partition, low, high } of await this.#driver.extents(topic))
      if (low < high) missing.set(partition, high - 1n);
    const found: Incoming[] = [];
    if (missing.size === 0) return found;
    const all = Promise.withResolvers<void>();
    let late: NodeJS.Timeout | undefined;
    const { group, sessionTimeout = SESSION } = this.#options;
    const reader = await this.#driver.consumer({
      group: `${group}-${randomUUID()}`,
      topics: [topic],
      from: 'beginning',
      remember: false,
      sessionTimeout,
      lost: (error) => all.reject(error),
      handle: async (batch) => {
        late?.refresh();
        for (const message of batch.messages) {
          const { partition, offset } = message;
          const last = missing.get(partition);
          if (last !== undefined && BigInt(offset) <= last) found.push(message);
          if (last !== undefined && BigInt(offset) >= last) missing.delete(partition);
          batch.resolve(offset);
        }
        if (missing.size === 0) all.resolve();
      },
    });
    try {
      late = setTimeout(() => all.reject(new Error(`nothing came for ${SILENCE} ms`)), SILENCE);
      await all.promise;
    } finally {
      clearTimeout(late);
      await reader.close();
    }
    return found;
  }

  async #bury(message: Incoming, error: unknown, attempts: number): Promise<void> {
    const { dead } = this.#options;
    const letter = deadLetter(message, error, attempts, new Date());
    const partition = this.#partition(dead, message.key?.toString('utf8'));
    await this.#sender.send([{ topic: dead, partition, message: letter }], false);
    this.#buried++;
  }

  #partition(topic: string, key: string | undefined): number {
    const partitions = this.#partitions(topic);
    if (key === undefined) return this.#turn++ % partitions;
    return this.#driver.partition(topic, key, partitions);
  }

  #partitions(topic: string): number {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined) throw new UnhandledTopicError(topic);
    return partitions;
  }
}

function unavailable(error: unknown): never {
  throw new BrokerUnavailableError(error);
}
