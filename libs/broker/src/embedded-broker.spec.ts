import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { BrokerClosedError, OverloadedError, type Handler, type Message } from './broker.js';
import { brokerContract, type BrokerUnderTest } from './broker-contract.js';
import { EmbeddedBroker } from './embedded-broker.js';

async function open(): Promise<BrokerUnderTest> {
  const { port1, port2 } = new MessageChannel();
  const publisher = new EmbeddedBroker(port1, { messagesInFlight: 64 });
  const consumer = new EmbeddedBroker(port2);
  return {
    publisher,
    consumer,
    answers: true,
    messagesInFlight: 64,
    close: async () => {
      await publisher.close();
      await consumer.close();
    },
  };
}

brokerContract('EmbeddedBroker', open);

const message = (bytes: number): Message => ({ topic: 't', headers: {}, body: new Uint8Array(bytes) });

describe('EmbeddedBroker', () => {
  it('bounds the bytes in flight, but takes one call of any size when it is idle', async () => {
    const { port1, port2 } = new MessageChannel();
    const publisher = new EmbeddedBroker(port1, { bytesInFlight: 100 });
    const consumer = new EmbeddedBroker(port2);
    const gate = Promise.withResolvers<void>();
    await consumer.consume(['t'], () => gate.promise);
    const large = publisher.publish([message(1_000)]);
    assert.deepEqual(publisher.inFlight, { messages: 1, bytes: 1_000 });
    await assert.rejects(publisher.publish([message(1)]), OverloadedError);
    gate.resolve();
    await large;
    assert.deepEqual(publisher.inFlight, { messages: 0, bytes: 0 });
    await publisher.close();
    await consumer.close();
  });

  it('transfers a body that fills its buffer: the sender has it no more', async () => {
    const broker = await open();
    await broker.consumer.consume(['t'], async ({ body }) => body.byteLength);
    const body = new Uint8Array(1_000);
    assert.deepEqual(await broker.publisher.publish([{ topic: 't', headers: {}, body }]), [1_000]);
    assert.equal(body.byteLength, 0);
    await broker.close();
  });

  it('says of what was in flight when the other end died that nobody knows', async () => {
    const { port1, port2 } = new MessageChannel();
    const publisher = new EmbeddedBroker(port1);
    const consumer = new EmbeddedBroker(port2);
    await consumer.consume(['t'], () => new Promise(() => undefined));
    const published = publisher.publish([message(1)]);
    setTimeout(() => port2.close(), 5);
    await assert.rejects(published, BrokerClosedError);
    await publisher.close();
  });

  it('keeps its order only while it hands over in order: the suite sees a broker that does not', async () => {
    // The sabotage: messages wait for a random time before they are handed over.
    const broken = async (): Promise<string[]> => {
      const broker = await open();
      const seen: string[] = [];
      const late =
        (handler: Handler): Handler =>
        async (one) => {
          await new Promise((resolve) => setTimeout(resolve, one.body[0] === 1 ? 10 : 0));
          return handler(one);
        };
      await broker.consumer.consume(
        ['t'],
        late(async (one) => void seen.push(String(one.body[0]))),
      );
      await Promise.all(
        [1, 2].map((n) => broker.publisher.publish([{ ...message(1), body: Uint8Array.of(n), key: 'k' }])),
      );
      await broker.close();
      return seen;
    };
    assert.notDeepEqual(await broken(), ['1', '2']);
  });
});
