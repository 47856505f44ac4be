import { BrokerUnavailableError, OverloadedError } from '../broker.js';
import type { DriverProducer, KafkaDriver, Outgoing } from './driver.js';

export interface SenderOptions {
  /** Messages that may be under way at once. */
  readonly messagesInFlight: number;
  /** Bytes of bodies that may be under way at once. */
  readonly bytesInFlight: number;
}

/** Bytes of bodies that go together, unless one alone is larger. */
const BATCH_BYTES = 1_048_576;
const BATCH_MESSAGES = 5_000;

interface Waiting {
  readonly message: Outgoing;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

interface UsedProducer {
  readonly opened: Promise<DriverProducer>;
  /** Batches under way. */
  users: number;
  failed: boolean;
}

/** A message, and the partition that it goes to. */
export interface Addressed {
  readonly topic: string;
  readonly partition: number;
  readonly message: Outgoing;
}

/**
 * Sends to Kafka. Each partition has a queue of its own, of which one batch is under way at a time: so order is kept,
 * what arrives meanwhile goes together, and a request is of one partition. Of a request for several, the driver (kafkajs
 * 2.2.4) takes the messages of a partition for sent whose leader moves, in the middle of it, to a broker that has
 * answered already.
 */
export class KafkaSender {
  readonly #driver: KafkaDriver;
  readonly #options: SenderOptions;
  readonly #queues = new Map<string, Waiting[]>();
  readonly #sends = new Set<Promise<unknown>>();
  #producer: UsedProducer | undefined;
  #messages = 0;
  #bytes = 0;

  constructor(driver: KafkaDriver, options: SenderOptions) {
    this.#driver = driver;
    this.#options = options;
  }

  /** How much is under way. */
  get inFlight(): { messages: number; bytes: number } {
    return { messages: this.#messages, bytes: this.#bytes };
  }

  /**
   * Resolves when every message is kept by all replicas in sync. Throws OverloadedError (none was taken) or
   * BrokerUnavailableError (some may have been).
   */
  async send(messages: readonly Addressed[], bounded = true): Promise<void> {
    let bytes = 0;
    for (const { message } of messages) bytes += message.body?.byteLength ?? 0;
    const { messagesInFlight, bytesInFlight } = this.#options;
    const full = this.#messages + messages.length > messagesInFlight || this.#bytes + bytes > bytesInFlight;
    // One call is always taken when nothing else is under way, or a large one would never be.
    if (bounded && full && this.#messages > 0) throw new OverloadedError();
    this.#messages += messages.length;
    this.#bytes += bytes;
    const sent = Promise.all(messages.map((one) => this.#enqueue(one)));
    this.#sends.add(sent);
    try {
      await sent;
    } finally {
      this.#sends.delete(sent);
      this.#messages -= messages.length;
      this.#bytes -= bytes;
    }
  }

  /** Lets what is under way come to its end. */
  async close(): Promise<void> {
    while (this.#sends.size > 0) await Promise.allSettled(this.#sends);
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer !== undefined) await closed(producer);
  }

  #enqueue({ topic, partition, message }: Addressed): Promise<void> {
    return new Promise((done, failed) => {
      const name = `${topic}/${partition}`;
      const waiting: Waiting = { message, done, failed };
      const queue = this.#queues.get(name);
      if (queue !== undefined) return void queue.push(waiting);
      this.#queues.set(name, [waiting]);
      void this.#drain(name, topic, partition);
    });
  }

  async #drain(name: string, topic: string, partition: number): Promise<void> {
    const queue = this.#queues.get(name) as Waiting[];
    // What is published in this turn of the loop goes together.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue.splice(0, batchLength(queue));
      try {
        await this.#sendBatch(topic, partition, batch);
        for (const { done } of batch) done();
      } catch (error) {
        const unavailable = new BrokerUnavailableError(error);
        for (const { failed } of batch) failed(unavailable);
      }
    }
    this.#queues.delete(name);
  }

  async #sendBatch(topic: string, partition: number, batch: readonly Waiting[]): Promise<void> {
    const used = (this.#producer ??= { opened: this.#driver.producer(), users: 0, failed: false });
    used.users++;
    try {
      const producer = await used.opened;
      await producer.send(
        topic,
        partition,
        batch.map(({ message }) => message),
      );
    } catch (error) {
      // Nobody knows whether it was written. The next batch would carry the same sequence numbers, and a broker that did
      // write this one would take it for a copy and drop it: so a producer is not used again after a failure.
      used.failed = true;
      if (this.#producer === used) this.#producer = undefined;
      throw error;
    } finally {
      used.users--;
      if (used.failed && used.users === 0) void closed(used);
    }
  }
}

const closed = ({ opened }: UsedProducer): Promise<void> =>
  opened.then(
    (producer) => producer.close().catch(() => undefined),
    () => undefined,
  );

function batchLength(queue: readonly Waiting[]): number {
  let bytes = 0;
  let length = 0;
  while (length < queue.length && length < BATCH_MESSAGES) {
    bytes += queue[length]?.message.body?.byteLength ?? 0;
    if (length > 0 && bytes > BATCH_BYTES) break;
    length++;
  }
  return length;
}
