import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { makeCertificates, type Certificates } from '@threadline/test/support/certificates';
import { parseRedisAddress } from './redis-address.js';

describe('the address of a Redis', () => {
  let files: Certificates;
  before(async () => {
    files = await makeCertificates();
  });
  after(() => files.dispose());

  for (const given of ['redis://127.0.0.1:6379', 'redis://:secret@cache:6379/2', 'redis://cache?family=6'])
    it(`is left as it is: ${given}`, () => {
      assert.deepEqual(parseRedisAddress(given), { value: { given, url: given } });
    });

  it('reads the files that it names, and gives its driver the rest', () => {
    const given = `rediss://ana:secret@cache:6380/1?family=4&tlsCAFile=${files.ca}`;
    assert.deepEqual(parseRedisAddress(given), {
      value: {
        given,
        url: 'rediss://ana:secret@cache:6380/1?family=4',
        tls: { ca: readFileSync(files.ca, 'utf8') },
      },
    });
  });

  for (const [given, problem] of [
    ['cache:6379', /must be a URL that begins with redis:\/\/ or rediss:\/\//],
    ['http://cache', /must be a URL/],
    ['redis://:secret@cache?tlsCAFile=/none', /needs rediss:\/\/ for tlsCAFile/],
    ['rediss://:secret@cache?tlsCAFile=/none', /tlsCAFile that cannot be read \(ENOENT\)/],
  ] as const)
    it(`says what is wrong with ${given}, and no secret`, () => {
      const parsed = parseRedisAddress(given);
      assert.ok('problems' in parsed);
      assert.match(parsed.problems.join(), problem);
      assert.doesNotMatch(parsed.problems.join(), /secret/);
    });
});
