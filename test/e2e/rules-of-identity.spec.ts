import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import { RULES_OF_IDENTITY_TWINS } from '../support/identity-breakages.js';
import * as healthy from '../support/rules-of-identity.js';

/** Histories a property; `THREADLINE_RUNS` raises it, `THREADLINE_SHRINK` makes a counterexample small. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 40);
const MERGES = 100;

describe('rules of identity', () => {
  it('4: merge and unmerge is never, byte for byte', () => healthy.unmergeIsNever(RUNS));
  it('4: any of a customer goes away and comes back', () => healthy.awayAndBack(RUNS));
  it('4: a hundred merges and as many unmerges', () => healthy.chainOfMerges(MERGES));
  it('7: what was answered of a position is answered for ever', () => healthy.pastStays(RUNS));
});

describe('rules of identity, broken on purpose', () => {
  for (const { property, name, breakages } of RULES_OF_IDENTITY_TWINS) {
    it(`${property} notices that ${name}`, async () => {
      const url = import.meta.resolve('../support/rules-of-identity.js');
      const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, url, breakages);
      const runs = property === 'chainOfMerges' ? 10 : TWIN_RUNS;
      await assert.rejects(() => build[property](runs), isFinding);
    });
  }
});
