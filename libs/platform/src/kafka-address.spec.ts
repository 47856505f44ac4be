import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { makeCertificates, type Certificates } from '@threadline/test/support/certificates';
import { loadConfig } from './config.js';
import { parseKafkaAddress } from './kafka-address.js';

describe('the address of a Kafka', () => {
  let files: Certificates;
  before(async () => {
    files = await makeCertificates();
  });
  after(() => files.dispose());

  const taken: [text: string, brokers: string[], more?: object][] = [
    ['one:9092', ['one:9092']],
    ['one:9092, two:9093', ['one:9092', 'two:9093']],
    ['kafka://one:9092,two:9092', ['one:9092', 'two:9092']],
    ['kafkas://one:9093/', ['one:9093'], { tls: {} }],
    [
      'kafka://ana:pass@one:9092',
      ['one:9092'],
      { sasl: { mechanism: 'scram-sha-512', username: 'ana', password: 'pass' } },
    ],
    [
      'kafkas://ana:p%40ss%3Aword@one:9093,two:9093?mechanism=plain',
      ['one:9093', 'two:9093'],
      { tls: {}, sasl: { mechanism: 'plain', username: 'ana', password: 'p@ss:word' } },
    ],
  ];
  for (const [text, brokers, more] of taken)
    it(`takes ${text}`, () => {
      assert.deepEqual(parseKafkaAddress(text), { value: { brokers, ...more } });
    });

  it('reads the files that it names', () => {
    const text =
      `kafkas://one:9093?tlsCAFile=${files.ca}` +
      `&userCertFile=${files.clientCert}&userKeyFile=${files.clientKey}`;
    const [ca, cert, key] = [files.ca, files.clientCert, files.clientKey].map((one) =>
      readFileSync(one, 'utf8'),
    );
    assert.deepEqual(parseKafkaAddress(text), { value: { brokers: ['one:9093'], tls: { ca, cert, key } } });
  });

  const refused = (text: string): readonly string[] => {
    const parsed = parseKafkaAddress(text);
    assert.ok('problems' in parsed, text);
    return parsed.problems;
  };

  for (const text of [
    ...['nowhere', 'one:9092,two', 'http://one:9092', 'kafkas://one', 'kafka://', 'kafka://one:9092/topic'],
    'kafkas://ana:p@ss@one:9093',
  ])
    it(`says what form it wants where it is ${text}`, () => {
      assert.match(refused(text).join(), /^must be host:port,host:port, or kafka:/);
    });

  for (const [text, ...problems] of [
    ['kafka://ana:secret@one:9092?mechanism=plain', /needs kafkas:\/\/ for the mechanism plain/],
    ['kafkas://ana:secret@one:9093?mechanism=gssapi', /mechanism of scram-sha-512, scram-sha-256, plain/],
    ['kafkas://one:9093?mechanism=plain', /no user:password@/],
    ['kafkas://ana@one:9093', /user:password before the @/],
    ['kafkas://ana:%zz@one:9093', /user:password before the @/],
    ['kafkas://one:9093?ca=x', /takes the parameters mechanism, tlsCAFile/],
    ['kafka://one:9092?tlsCAFile=/none', /needs kafkas:\/\/ for tlsCAFile/],
    ['kafkas://one:9093?tlsCAFile=/none', /tlsCAFile that cannot be read \(ENOENT\)/],
    [
      'kafkas://one:9093?userCertFile=/none',
      /userCertFile that cannot/,
      /userCertFile and userKeyFile together/,
    ],
    [
      'kafkas://ana@one:9093?mechanism=gssapi&tlsCAFile=/none',
      ...[/mechanism of/, /user:password before/, /tlsCAFile that cannot/],
    ],
  ] as [string, ...RegExp[]][])
    it(`says each thing that is wrong with ${text}, and no secret`, () => {
      const said = refused(text);
      assert.equal(said.length, problems.length, said.join('; '));
      problems.forEach((problem, i) => assert.match(said[i] ?? '', problem));
      assert.doesNotMatch(said.join(), /secret/);
    });

  it('knows a file that is no certificate, and a key that is another’s', () => {
    const { ca, clientCert, clientKey, serverKey } = files;
    assert.match(refused(`kafkas://one:9093?tlsCAFile=${clientKey}`).join(), /no certificate/);
    assert.match(
      refused(`kafkas://one:9093?tlsCAFile=${ca}&userCertFile=${clientCert}&userKeyFile=${serverKey}`).join(),
      /no certificate and its key/,
    );
  });

  it('shows no password', () => {
    const config = loadConfig({ THREADLINE_KAFKA: 'kafkas://ana:secret@one:9093' });
    assert.doesNotMatch(JSON.stringify(config), /secret|ana/);
    assert.match(JSON.stringify(config), /one:9093/);
  });
});
