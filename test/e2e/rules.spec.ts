import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TWINS } from '../support/breakages.js';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import * as healthy from '../support/rules.js';

/** Histories a property; `THREADLINE_RUNS` raises it, `THREADLINE_SHRINK` makes a counterexample small. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 100);

describe('rules of the design', () => {
  it('2: an event is one for ever, and never another one', () => healthy.rule2(RUNS));
  it('3: what the log holds it holds for ever', () => healthy.rule3(RUNS));
  it('4: a late event makes one customer of two, as if it had come first', () => healthy.rule4(RUNS));
  it('5: a history, shuffled and doubled, gives what the naive replay gives', () => healthy.rule5(RUNS));
  it('5: the same for a customer of many parties', () => healthy.rule5OfCrowds(Math.ceil(RUNS / 10)));
  it('6: folding in any batches gives what folding at once gives', () => healthy.rule6(RUNS));
  it('6: verify finds nothing in what is right', () => healthy.ruleOfVerify(Math.ceil(RUNS / 2)));
  it('7: a past view is what a hub would answer that holds no more', () => healthy.rule7(RUNS));
  it('9: nothing personal lies in clear outside the search index', () => healthy.rule9(Math.ceil(RUNS / 4)));
  it('9: who is forgotten stays forgotten', () => healthy.rule9OfTheForgotten(Math.ceil(RUNS / 4)));
  it('9: one forgotten party leaves its customer readable', () =>
    healthy.rule9OfOneParty(Math.ceil(RUNS / 4)));
});

describe('rules of the design, broken on purpose', () => {
  for (const { property, name, breakages } of TWINS) {
    it(`${property} notices that ${name}`, async () => {
      const url = import.meta.resolve('../support/rules.js');
      const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, url, breakages);
      await assert.rejects(() => build[property](TWIN_RUNS), isFinding);
    });
  }
});
