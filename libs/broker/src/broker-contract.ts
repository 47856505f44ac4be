import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { BrokerClosedError, OverloadedError, type Broker, type Message } from './broker.js';

/** A broker as the suite needs it. */
export interface BrokerUnderTest {
  readonly publisher: Broker;
  readonly consumer: Broker;
  /** Does `publish` bring back what the handler says? */
  readonly answers: boolean;
  /** The bound that it was opened with; absent: none that a test could reach. */
  readonly messagesInFlight?: number;
  close(): Promise<void>;
}

/** The topics of one test, which the broker is told of. */
export interface TestTopics {
  readonly topic: string;
  /** Consumed where `topic` is not. */
  readonly other: string;
}

interface Tested extends BrokerUnderTest {
  readonly topic: string;
  readonly other: string;
  /** A message to `topic`. */
  readonly message: (text: string, key?: string) => Message;
}

const messageTo = (topic: string, text: string, key?: string): Message => ({
  topic,
  headers: { 'x-kind': 'test' },
  body: Buffer.from(text),
  ...(key !== undefined && { key }),
});

const textOf = ({ body }: Message): string => Buffer.from(body).toString('utf8');

/** Milliseconds until something must have been handed over. */
const PATIENCE = 20_000;

/** A broker with a disk of its own hands over later than `publish` answers. */
async function until(met: () => boolean): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; !met() && Date.now() < deadline;) await delay(2);
}

/** Declares the tests of the port's guarantees. `open` gives a broker with nothing in these topics. */
export function brokerContract(name: string, open: (topics: TestTopics) => Promise<BrokerUnderTest>): void {
  const withBroker =
    (test: (broker: Tested) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const random = randomBytes(6).toString('hex');
      const topics: TestTopics = { topic: `tests.${random}`, other: `tests.other.${random}` };
      const broker = await open(topics);
      try {
        await test({ ...broker, ...topics, message: (text, key) => messageTo(topics.topic, text, key) });
      } finally {
        await broker.close();
      }
    };

  describe(`${name} is a broker`, () => {
    it(
      'publish resolves when the messages are handled, with the answers in their order',
      withBroker(async ({ publisher, consumer, answers, topic, message }) => {
        let handled = 0;
        await consumer.consume([topic], async (taken) => {
          await new Promise((resolve) => setTimeout(resolve, textOf(taken) === 'slow' ? 20 : 0));
          handled++;
          return { saw: textOf(taken) };
        });
        const got = await publisher.publish([message('slow'), message('quick')]);
        if (answers) {
          assert.deepEqual(got, [{ saw: 'slow' }, { saw: 'quick' }]);
          assert.equal(handled, 2);
        } else assert.deepEqual(got, [undefined, undefined]);
      }),
    );

    it(
      'messages arrive as they were sent, whatever buffer they were cut from',
      withBroker(async ({ publisher, consumer, topic, message }) => {
        const taken = Promise.withResolvers<Message>();
        await consumer.consume([topic], async (one) => taken.resolve(one));
        const pool = Buffer.from('before|the body ÿ|after');
        await publisher.publish([{ ...message('', 'k'), body: pool.subarray(7, 18) }]);
        const { topic: on, key, headers, body } = await taken.promise;
        assert.deepEqual([on, key, headers], [topic, 'k', { 'x-kind': 'test' }]);
        assert.equal(Buffer.from(body).toString('utf8'), pool.subarray(7, 18).toString('utf8'));
        assert.equal(pool.length, 24, 'the pool is still ours');
      }),
    );

    it(
      'what was published before anybody consumed is handed over',
      withBroker(async ({ publisher, consumer, topic, message }) => {
        const published = publisher.publish([message('early')]);
        await new Promise((resolve) => setTimeout(resolve, 5));
        const taken = Promise.withResolvers<string>();
        await consumer.consume([topic], async (one) => taken.resolve(textOf(one)));
        assert.equal(await taken.promise, 'early');
        await published;
      }),
    );

    it(
      'messages of one key keep their order; none is lost, none comes twice',
      withBroker(async ({ publisher, consumer, topic, message }) => {
        let seen: string[] = [];
        await consumer.consume([topic], async (one) => {
          seen.push(`${one.key}/${textOf(one)}`);
        });
        const calls = fc.array(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 }), { maxLength: 12 });
        await fc.assert(
          fc.asyncProperty(calls, async (keys) => {
            seen = [];
            let next = 0;
            const batches = keys.map((batch) => batch.map((key) => message(String(next++), key)));
            const sent = batches.flat().map((one) => `${one.key}/${textOf(one)}`);
            await Promise.all(batches.map((batch) => publisher.publish(batch)));
            await until(() => seen.length >= sent.length);
            assert.equal(seen.length, sent.length);
            for (const key of ['a', 'b', 'c']) {
              const of = (list: string[]): string[] => list.filter((one) => one.startsWith(key));
              assert.deepEqual(of(seen), of(sent));
            }
          }),
          { numRuns: 30 },
        );
      }),
    );

    it(
      'an error of the handler reaches the publisher with its code, and the next message is handled',
      withBroker(async ({ publisher, consumer, answers, topic, message }) => {
        if (!answers) return;
        await consumer.consume([topic], async (one) => {
          if (textOf(one) !== 'bad') return 'good';
          throw Object.assign(new Error('no room'), {
            code: 'store-full',
            retriable: true,
            status: 503,
            retryAfter: 7,
          });
        });
        await assert.rejects(publisher.publish([message('bad')]), {
          message: 'no room',
          code: 'store-full',
          retriable: true,
          status: 503,
          retryAfter: 7,
        });
        assert.deepEqual(await publisher.publish([message('fine')]), ['good']);
      }),
    );

    it(
      'a topic that nobody consumes is an error, not a silence',
      withBroker(async ({ publisher, consumer, other }) => {
        await consumer.consume([other], async () => undefined);
        await assert.rejects(publisher.publish([messageTo('tests.nobodys', 'x')]), {
          code: 'unhandled-topic',
          retriable: false,
        });
      }),
    );

    it(
      'beyond its bound nothing of a call is taken, and it heals as soon as something is done',
      withBroker(async ({ publisher, consumer, messagesInFlight, topic, message }) => {
        if (messagesInFlight === undefined) return;
        const gate = Promise.withResolvers<void>();
        const seen: string[] = [];
        await consumer.consume([topic], async (one) => {
          seen.push(textOf(one));
          await gate.promise;
        });
        const first = publisher.publish(Array.from({ length: messagesInFlight - 1 }, () => message('first')));
        await assert.rejects(publisher.publish([message('over'), message('over')]), (error: unknown) => {
          assert.ok(error instanceof OverloadedError);
          assert.ok(error.retriable && error.status === 503 && error.retryAfter > 0);
          return true;
        });
        gate.resolve();
        await first;
        await publisher.publish([message('later'), message('later')]);
        assert.deepEqual(
          seen.filter((one) => one === 'over'),
          [],
        );
      }),
    );

    it(
      'close lets what is in flight come to its end and takes nothing new',
      withBroker(async ({ publisher, consumer, answers, topic, message }) => {
        const started = Promise.withResolvers<void>();
        const gate = Promise.withResolvers<string>();
        await consumer.consume([topic], async () => {
          started.resolve();
          return gate.promise;
        });
        const published = publisher.publish([message('last')]);
        await started.promise;
        const closed = publisher.close();
        await assert.rejects(publisher.publish([message('late')]), BrokerClosedError);
        gate.resolve('done');
        assert.deepEqual(await published, [answers ? 'done' : undefined]);
        await closed;
      }),
    );
  });
}
