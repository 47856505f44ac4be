import { randomBytes } from 'node:crypto';
import { after, describe } from 'node:test';
import { brokerContract } from '@threadline/broker/broker-contract';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, passingTopic } from '@threadline/broker/kafka/topics';
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
});
