import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Intake } from '@threadline/channels/intake';
import { testHash } from '../support/folded.js';
import { histories } from '../support/generate.js';

describe('generated histories', () => {
  it('are what the intake takes, and normalises as they foresaw', () => {
    const intake = new Intake({ hash: testHash });
    fc.assert(
      fc.property(histories({ max: 40 }), (history) => {
        for (const { cloudEvent, at, identifiers } of history) {
          const taken = intake.take(cloudEvent, { at: 0 });
          assert.equal(taken.kind, 'received', JSON.stringify(taken));
          if (taken.kind !== 'received') return;
          assert.equal(taken.event.at, at);
          assert.deepEqual(taken.event.identifiers, identifiers);
        }
      }),
      { numRuns: 300 },
    );
  });
});
