import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { naiveReplay } from '@threadline/projections/naive';
import { emptySummary } from '@threadline/projections/summary';
import { combined, fold, recordedInOrder } from '../support/folded.js';
import { histories, NOON, reorderings } from '../support/generate.js';

const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 300);

describe('projections', () => {
  it('give the card that the naive replay gives', () => {
    fc.assert(
      fc.property(histories({ max: 40 }), fc.integer({ min: -3, max: 16 }), (sent, hours) => {
        const facts = recordedInOrder(sent);
        const now = NOON + hours * 3_600_000;
        const folded = fold(facts);
        for (const customer of naiveReplay(facts, { now }).customers) {
          assert.deepStrictEqual(folded.card(customer, now), customer.card);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('combine in any order and any grouping, with a zero', () => {
    fc.assert(
      fc.property(
        histories({ min: 3, max: 30 }).chain((sent) => fc.tuple(fc.constant(sent), reorderings(sent))),
        ([sent]) => {
          const all = [...fold(recordedInOrder(sent)).contributions.values()].flat();
          const [a = emptySummary(), b = emptySummary(), c = emptySummary()] = all;
          assert.deepStrictEqual(combined(a, b), combined(b, a));
          assert.deepStrictEqual(combined(combined(a, b), c), combined(a, combined(b, c)));
          assert.deepStrictEqual(combined(a, emptySummary()), a);
          assert.deepStrictEqual(combined(emptySummary(), a), a);
          assert.deepStrictEqual(combined(...all), combined(...all.toReversed()));
        },
      ),
      { numRuns: RUNS },
    );
  });
});
