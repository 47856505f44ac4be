import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { deadTopic, inboundTopic } from '@threadline/broker/kafka/topics';
import { parseKafkaAddress, type KafkaAddress } from '@threadline/platform/kafka-address';
import { createLogger } from '@threadline/platform/logger';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { missingForOwnKafka, startSecureKafka, type SecureKafka } from '../support/kafka-servers.js';
import { needed } from '../support/needing.js';
import { startService } from '../support/service-process.js';
import { startStore } from '../support/store-process.js';

const USER = { user: 'threadline', password: 'pa55word' };

function addressOf(text: string): KafkaAddress {
  const parsed = parseKafkaAddress(text);
  assert.ok('value' in parsed, JSON.stringify(parsed));
  return parsed.value;
}

describe('a Kafka that wants to know who comes', needed(missingForOwnKafka()), () => {
  let certificates: Certificates;
  let others: Certificates;
  let kafka: SecureKafka;
  before(async () => {
    [certificates, others] = await Promise.all([makeCertificates(), makeCertificates()]);
    kafka = await startSecureKafka(certificates.folder, USER);
  });
  after(async () => {
    await kafka?.dispose();
    await Promise.all([certificates?.dispose(), others?.dispose()]);
  });

  const someName = (): string => `tests.${randomBytes(6).toString('hex')}`;
  const open = (address: string, name = someName()): Promise<KafkaBroker> =>
    KafkaBroker.open({
      ...addressOf(address),
      clientId: 'tests',
      group: name,
      dead: `${name}.dead`,
      topics: [inboundTopic(name), deadTopic(`${name}.dead`)],
      log: createLogger({ level: 'silent' }),
      lost: () => undefined,
    });
  const works = async (address: string): Promise<void> => {
    const broker = await open(address);
    await broker.ping();
    await broker.close();
  };
  const as = (user: string, mechanism = '', ca = certificates.ca): string =>
    `kafkas://${user}@${kafka.secure}?tlsCAFile=${ca}${mechanism && `&mechanism=${mechanism}`}`;
  const right = `${USER.user}:${USER.password}`;

  it('takes what is published, and hands it over', async () => {
    const name = someName();
    const broker = await open(as(right), name);
    try {
      const taken = Promise.withResolvers<string>();
      await broker.consume([name], async ({ body }) => taken.resolve(Buffer.from(body).toString()));
      await broker.publish([{ topic: name, headers: {}, body: Buffer.from('sealed on its way') }]);
      assert.equal(await taken.promise, 'sealed on its way');
    } finally {
      await broker.close();
    }
  });

  for (const mechanism of ['scram-sha-256', 'plain'])
    it(`lets a user in by ${mechanism}`, () => works(as(right, mechanism)));

  it('lets in who shows a certificate, and nobody without one', async () => {
    const { ca, clientCert, clientKey } = certificates;
    const address = `kafkas://${kafka.certified}?tlsCAFile=${ca}`;
    await works(`${address}&userCertFile=${clientCert}&userKeyFile=${clientKey}`);
    await assert.rejects(open(address), { code: 'broker-refused', retriable: false });
  });

  for (const mechanism of ['scram-sha-512', 'plain'])
    it(`refuses a wrong password at once, by ${mechanism}`, async () => {
      const refused = { code: 'broker-refused', retriable: false, exitCode: 78 };
      await assert.rejects(open(as(`${USER.user}:wrong`, mechanism)), refused);
    });

  it('is refused where another authority has signed its certificate', async () => {
    const refused = { code: 'broker-refused', message: /THREADLINE_KAFKA.*certificate/ };
    await assert.rejects(open(as(right, '', others.ca)), refused);
  });

  it('ends a service that starts with a wrong password, and says why', async () => {
    const store = await startStore();
    try {
      const env = {
        THREADLINE_KAFKA: as(`${USER.user}:wrong`),
        THREADLINE_EVENTSTORE: store.connection(),
        THREADLINE_MASTER_KEY: randomBytes(32).toString('base64'),
      };
      await assert.rejects(startService('gateway', { env }), ({ message }: Error) => {
        assert.match(message, /\(78\)[^]*threadline: .*THREADLINE_KAFKA: .*authentication failed/i);
        return !message.includes('wrong');
      });
    } finally {
      await store.dispose();
    }
  });
});
