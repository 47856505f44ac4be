import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DividedLog } from './divided-log.js';
import { CHUNK } from './rebuild-search.js';

describe('a log that two threads go through', () => {
  it('is gone through whole, and no event twice, whenever it is divided', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.nat(400), fc.nat(2), (upTo, when, behind) => {
        const log = DividedLog.of(upTo);
        const other = DividedLog.from(log.shared);
        let from: number | undefined;
        let at = 0;
        // It tells where it was some chunks ago: so late another thread may see it.
        const told: number[] = [];
        for (let step = 0; at < other.upTo; step++) {
          if (step === when) from = log.divide();
          at = Math.min(at + CHUNK, other.upTo);
          told.push(at);
          if (told.length > behind) other.pass(told.shift() as number);
        }
        from ??= log.divide();
        assert.equal(at, from, 'the one ends where the other begins');
        assert.equal(other.upTo, from);
      }),
    );
  });

  it('is divided in the middle of what is left to do, and not at all where little is', () => {
    const log = DividedLog.of(100_000);
    log.pass(50_000);
    // Whom it met in the first 50,000 it has yet to write, which takes as long as 5,000 events.
    assert.equal(log.divide(), 72_500);
    log.pass(71_500);
    assert.equal(log.divide(), 72_500);
    assert.equal(log.upTo, 72_500);
  });
});
