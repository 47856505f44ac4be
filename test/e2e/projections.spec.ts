import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { naiveReplay } from '@threadline/projections/naive';
import { emptySummary } from '@threadline/projections/summary';
import { brokenBuild, isFinding, TWIN_RUNS, type Breakage } from '../support/broken-build.js';
import * as healthy from '../support/folded.js';
import { histories, NOON } from '../support/generate.js';

type Build = typeof healthy;

/** Histories a property; `THREADLINE_RUNS` raises it. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 500);
const HOUR = 3_600_000;

function givesTheNaiveCard({ fold }: Build, numRuns = RUNS): void {
  fc.assert(
    fc.property(histories({ max: 40 }), fc.integer({ min: -3, max: 16 }), (sent, hours) => {
      const facts = healthy.recordedInOrder(sent);
      const now = NOON + hours * HOUR;
      const folded = fold(facts);
      for (const customer of naiveReplay(facts, { now }).customers) {
        assert.deepStrictEqual(folded.card(customer, now), customer.card);
      }
    }),
    { numRuns, endOnFailure: true },
  );
}

function combinesInAnyOrder({ fold, combined }: Build, numRuns = RUNS): void {
  fc.assert(
    fc.property(histories({ min: 3, max: 30 }), (sent) => {
      const all = [...fold(healthy.recordedInOrder(sent)).contributions.values()].flat();
      const [a = emptySummary(), b = emptySummary(), c = emptySummary()] = all;
      assert.deepStrictEqual(combined(a, b), combined(b, a));
      assert.deepStrictEqual(combined(combined(a, b), c), combined(a, combined(b, c)));
      assert.deepStrictEqual(combined(a, emptySummary()), a);
      assert.deepStrictEqual(combined(emptySummary(), a), a);
      assert.deepStrictEqual(combined(...all), combined(...all.toReversed()));
    }),
    { numRuns, endOnFailure: true },
  );
}

const HOMES: Breakage = {
  file: 'libs/domain/dist/identifier.js',
  find: 'rank(strength) < best',
  put: 'home < 0',
};
const ADOPTED: Breakage = {
  file: 'libs/projections/dist/contribution.js',
  find: 'compareEvents(event, named) < 0',
  put: 'false',
};
const VERSIONS: Breakage = {
  file: 'libs/projections/dist/contribution.js',
  find: 'greatestOf.get(event.type) === event',
  put: 'true',
};
const TIES: Breakage = {
  file: 'libs/projections/dist/refs.js',
  find: 'return a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;',
  put: 'return Number(a[2]) - Number(b[2]);',
};
const FLOATS: Breakage = {
  file: 'libs/projections/dist/summary.js',
  find: 'amount : add(sum, amount)',
  put: 'amount : String(Number(sum) + Number(amount))',
};
const LAST_ONE_WINS: Breakage = {
  file: 'libs/projections/dist/summary.js',
  find: 'compareRefs(ref, known) > 0) into.set(key, ref)',
  put: 'true) into.set(key, ref)',
};

describe('projections', () => {
  it('give the card that the naive replay gives', () => {
    givesTheNaiveCard(healthy);
  });

  it('combine in any order and any grouping, with a zero (rule 6)', () => {
    combinesInAnyOrder(healthy);
  });

  const twins: [string, Breakage, (build: Build, numRuns: number) => void][] = [
    ['the first identifier is home', HOMES, givesTheNaiveCard],
    ['the first arrival lends its home', ADOPTED, givesTheNaiveCard],
    ['every version stands', VERSIONS, givesTheNaiveCard],
    ['ties break by arrival', TIES, givesTheNaiveCard],
    ['money is a float', FLOATS, givesTheNaiveCard],
    ['whatever is combined last wins', LAST_ONE_WINS, combinesInAnyOrder],
  ];
  for (const [name, breakage, property] of twins) {
    it(`would be caught if ${name}`, async () => {
      const url = import.meta.resolve('../support/folded.js');
      const build = await brokenBuild<Build>(name, url, [breakage]);
      assert.throws(() => property(build, TWIN_RUNS), isFinding);
    });
  }
});
