import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { brokerContract } from '@threadline/broker/broker-contract';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, inboundTopic, passingTopic } from '@threadline/broker/kafka/topics';
import { createLogger } from '@threadline/platform/logger';
import { kafkaServer, missingForKafka, type TestKafka } from '../support/kafka-servers.js';
import { needed } from '../support/needing.js';

describe('KafkaBroker', needed(missingForKafka()), () => {
  let server: Promise<TestKafka> | undefined;
  after(async () => (await server)?.dispose());

  brokerContract('KafkaBroker', async ({ topic, other }) => {
    server ??= kafkaServer();
    const { brokers } = await server;
    const dead = `${topic}.dead`;
    const open = (clientId: string): Promise<KafkaBroker> =>
      KafkaBroker.open({
        ...{ brokers, clientId, dead },
        topics: [passingTopic(topic), passingTopic(other), deadTopic(dead)],
        group: `tests-${randomBytes(6).toString('hex')}`,
        log: createLogger({ level: 'silent' }),
        lost: (error) => {
          throw error;
        },
      });
    const [publisher, consumer] = [await open('publisher'), await open('consumer')];
    return {
      ...{ publisher, consumer, answers: false },
      close: async () => {
        await publisher.close();
        await consumer.close();
      },
    };
  });

  it('does not start a consumer that has no handler for what it has to consume', async () => {
    server ??= kafkaServer();
    const { brokers } = await server;
    const name = `tests.${randomBytes(6).toString('hex')}`;
    const [needed, other, dead] = [`${name}.needed`, `${name}.other`, `${name}.dead`] as const;
    const broker = await KafkaBroker.open({
      ...{ brokers, dead, group: name },
      clientId: 'consumer',
      topics: [inboundTopic(needed), passingTopic(other), deadTopic(dead)],
      consumes: [needed],
      log: createLogger({ level: 'silent' }),
      lost: () => undefined,
    });
    try {
      const handler = (): Promise<void> => Promise.resolve();
      await assert.rejects(broker.consume([other], handler), { code: 'unhandled-topic' });
      await assert.rejects(broker.consume([needed, `${name}.unknown`], handler), { code: 'unhandled-topic' });
      assert.equal(await broker.lag(), 0);
      await broker.publish([{ topic: needed, headers: {}, body: Buffer.from('waits') }]);
      assert.equal(await broker.lag(), 1, 'nothing was committed in silence');
    } finally {
      await broker.close();
    }
  });

  it('says that Kafka is not there, and that it helps to try again', async () => {
    const absent = KafkaBroker.open({
      brokers: ['127.0.0.1:1'],
      ...{ clientId: 'nobody', group: 'nobody', dead: 'dead' },
      topics: [deadTopic('dead')],
      log: createLogger({ level: 'silent' }),
      lost: () => undefined,
    });
    await assert.rejects(absent, { code: 'broker-unavailable', retriable: true, status: 503 });
  });
});
