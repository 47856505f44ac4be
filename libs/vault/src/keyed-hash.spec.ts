import assert from 'node:assert/strict';
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeyedHash } from './keyed-hash.js';

const hmac = (key: Uint8Array, text: string): string =>
  createHmac('sha256', key).update(text, 'utf8').digest('hex');

describe('KeyedHash', () => {
  it('is HMAC-SHA-256, whatever was hashed before', () => {
    const key = randomBytes(32);
    const keyed = new KeyedHash(createSecretKey(key));
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary', minLength: 5_000, maxLength: 6_000 }),
    );
    fc.assert(fc.property(text, (one) => assert.equal(keyed.hex(one), hmac(key, one))));
  });

  it('is the same of bytes', () => {
    const key = randomBytes(32);
    const keyed = new KeyedHash(createSecretKey(key));
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, (some) =>
        assert.equal(keyed.hexOf(some), createHmac('sha256', key).update(some).digest('hex')),
      ),
    );
  });

  for (const length of [0, 16_383, 16_384, 16_385, 200_000]) {
    it(`is HMAC-SHA-256 of ${length} characters of three bytes`, () => {
      const key = randomBytes(32);
      const text = '語'.repeat(length);
      assert.equal(new KeyedHash(createSecretKey(key)).hex(text), hmac(key, text));
    });
  }
});
