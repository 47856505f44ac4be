import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allows, hashKey, isKey, keyFromAuthorization, newKey, sameHash, SCOPES } from './auth.js';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('a key', () => {
  it('is random, and made of what a header carries as it is', () => {
    const keys = Array.from({ length: 100 }, newKey);
    assert.equal(new Set(keys).size, 100);
    assert.ok(keys.every(isKey));
    assert.ok(isKey('a'.repeat(24)));
    for (const bad of ['', 'a'.repeat(23), `${'a'.repeat(24)}:`, `${'a'.repeat(24)}\n`, 'ä'.repeat(24)]) {
      assert.equal(isKey(bad), false);
    }
  });

  it('is known by its hash', () => {
    const key = newKey();
    assert.match(hashKey(key), /^[0-9a-f]{64}$/);
    assert.equal(sameHash(hashKey(key), hashKey(key)), true);
    assert.equal(sameHash(hashKey(key), hashKey(newKey())), false);
    for (const bad of ['', 'zz', hashKey(key).slice(0, 62)]) assert.equal(sameHash(bad, hashKey(key)), false);
    assert.equal(sameHash('', ''), false);
  });

  it('comes as Bearer, or as the user name of Basic, whatever the case of the word', () => {
    const key = newKey();
    for (const header of [
      `Bearer ${key}`,
      `bearer  ${key} `,
      basic(`${key}:`),
      basic(`${key}:word`),
      basic(key),
    ]) {
      assert.equal(keyFromAuthorization(header), key);
    }
    for (const header of [
      undefined,
      '',
      key,
      'Bearer',
      'Bearer ',
      `Digest ${key}`,
      `Bearer ${key} x`,
      basic(`:${key}`),
    ]) {
      assert.equal(keyFromAuthorization(header), undefined);
    }
    assert.equal(keyFromAuthorization('Bearer short'), undefined);
  });
});

describe('a scope', () => {
  it('allows itself only, but admin allows all', () => {
    for (const scope of SCOPES) {
      for (const wanted of SCOPES)
        assert.equal(allows([scope], wanted), scope === wanted || scope === 'admin');
      assert.equal(allows([], scope), false);
    }
    assert.equal(allows(['read', 'write'], 'write'), true);
  });
});
