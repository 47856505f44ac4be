import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenBuild, isFinding, type Breakage } from '../support/broken-build.js';
import * as healthy from '../support/rules.js';

type Rules = typeof healthy;

/** Histories a property. A run of all properties at 100 takes about a minute on two cores. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 100);

const twins: { property: keyof Rules & `rule${string}`; name: string; breakages: Breakage[] }[] = [];

describe('rules of the design', () => {
  it('2 and 5: a history, shuffled and doubled, gives what the naive replay gives', () =>
    healthy.rule5(RUNS));
  it('2: an event is one for ever, and never another one', () => healthy.rule2(RUNS));
  it('3: what the log holds it holds for ever', () => healthy.rule3(RUNS));
  it('4: a late event makes one customer of two, as if it had come first', () => healthy.rule4(RUNS));
  it('6: folding in any batches gives what folding at once gives', () => healthy.rule6(RUNS));
  it('7: a past view is what a hub would answer that holds no more', () => healthy.rule7(RUNS));
  it('9: nothing personal lies in clear outside the search index', () => healthy.rule9(Math.ceil(RUNS / 4)));
});

describe('rules of the design, broken on purpose', () => {
  for (const { property, name, breakages } of twins) {
    it(`${property} notices that ${name}`, async () => {
      const build = await brokenBuild<Rules>(name, import.meta.resolve('../support/rules.js'), breakages);
      await assert.rejects(async () => build[property](RUNS), isFinding);
    });
  }
});
