import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashKey, newKey, SCOPES } from './auth.js';
import { evolveKeys, KeyDirectory, keyEventOf, NO_KEYS, type KeyEvent } from './key-directory.js';

const created = (id: string, key: string): KeyEvent => ({
  type: 'key.created',
  data: { id, hash: hashKey(key), scopes: ['read'], label: 'the till' },
});
const revoked = (id: string): KeyEvent => ({ type: 'key.revoked', data: { id } });

describe('the keys that the log tells', () => {
  it('are accepted from when they are made until they are revoked, for ever', () => {
    const directory = new KeyDirectory();
    const key = newKey();
    assert.equal(directory.callerOf(key), undefined);
    directory.apply(created('a1', key));
    assert.deepEqual(directory.callerOf(key), { id: 'a1', scopes: ['read'] });
    assert.equal(directory.callerOf(newKey()), undefined);
    directory.apply(revoked('a1'));
    directory.apply(created('a1', key));
    assert.equal(directory.callerOf(key), undefined);
    assert.deepEqual(directory.keys.get('a1'), { status: 'revoked' });
  });

  it('with the one that was configured, which no event revokes', () => {
    const directory = new KeyDirectory();
    const key = newKey();
    const caller = { id: 'bootstrap', scopes: SCOPES };
    directory.admit(key, caller);
    directory.apply(revoked('bootstrap'));
    assert.deepEqual(directory.callerOf(key), caller);
  });

  const events = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()))
    .map((list) => list.map(([id, made]) => (made ? created(id, `key-of-${id}`.repeat(4)) : revoked(id))));
  const sorted = (list: readonly KeyEvent[], evolve = evolveKeys): unknown =>
    [...list.reduce(evolve, NO_KEYS)].sort(([a], [b]) => (a < b ? -1 : 1));

  const anyOrder = (evolve = evolveKeys) =>
    fc.property(
      events.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      ),
      ([list, shuffled]) => {
        assert.deepEqual(sorted([...list, ...shuffled], evolve), sorted(list, evolve));
      },
    );

  it('are the same in any order and told twice', () => {
    fc.assert(anyOrder());
  });

  it('twin: not so where a later creation brings a revoked key back', () => {
    const broken: typeof evolveKeys = (state, event) => {
      const others = new Map([...state].filter(([id]) => id !== event.data.id));
      return evolveKeys(event.type === 'key.created' ? others : state, event);
    };
    assert.throws(() => fc.assert(anyOrder(broken)));
  });
});

describe('a key event', () => {
  it('is read from the log, without scopes that are not known', () => {
    const hash = hashKey('x');
    const data = { id: 'a', hash, scopes: ['read', 'fly'], label: 'till', more: 1 };
    assert.deepEqual(keyEventOf('key.created', data), {
      type: 'key.created',
      data: { id: 'a', hash, scopes: ['read'], label: 'till' },
    });
    assert.deepEqual(keyEventOf('key.revoked', { id: 'a' }), { type: 'key.revoked', data: { id: 'a' } });
  });

  it('is nothing where it has not the shape of one', () => {
    const hash = hashKey('x');
    for (const data of [
      null,
      1,
      {},
      { id: 1 },
      { id: 'a' },
      { id: 'a', hash: 'x', scopes: [] },
      { id: 'a', hash },
    ]) {
      assert.equal(keyEventOf('key.created', data), undefined);
    }
    assert.equal(keyEventOf('key.renamed', { id: 'a', hash, scopes: [] }), undefined);
  });
});
