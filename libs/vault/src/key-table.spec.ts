import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeyTable } from './key-table.js';

const keyOf = (handle: number, salt: number): Buffer => {
  const key = Buffer.alloc(32);
  key.writeDoubleBE(handle, 0);
  key.writeDoubleBE(salt, 8);
  return key;
};

/** Many share their lower bits. */
const someHandle = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3_000 }))
  .map(([high, low]) => high * 2 ** 40 + low);

describe('KeyTable', () => {
  it('has what was set last, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(someHandle, fc.nat()), { maxLength: 3_000 }), (sets) => {
        const table = new KeyTable(100_000);
        const known = new Map<number, Buffer>();
        for (const [handle, salt] of sets) {
          table.set(handle, keyOf(handle, salt));
          known.set(handle, keyOf(handle, salt));
        }
        for (const [handle, key] of known) assert.deepEqual(table.get(handle), key);
        assert.equal(table.get(2 ** 45), undefined);
      }),
      { numRuns: 30 },
    );
  });

  it('is emptied when it is full, and on demand', () => {
    const table = new KeyTable(10);
    for (let handle = 1; handle <= 11; handle++) table.set(handle, keyOf(handle, 0));
    assert.equal(table.get(10), undefined);
    assert.deepEqual(table.get(11), keyOf(11, 0));
    table.clear();
    assert.equal(table.get(11), undefined);
  });
});
