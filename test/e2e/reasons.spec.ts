import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TWINS_OF_REASONS } from '../support/breakages.js';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import * as healthy from '../support/rule10.js';

/** As in `rules.spec.ts`. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 100);

describe('rule 10: every value explains itself', () => {
  it('with its event and what it overruled, as the naive replay does', () => healthy.rule10(RUNS));
  it('of a customer of many parties', () => healthy.rule10OfCrowds(Math.ceil(RUNS / 10)));
  it('and where a key is gone, says no more than that', () =>
    healthy.rule10OfTheForgotten(Math.ceil(RUNS / 4)));
});

describe('rule 10, broken on purpose', () => {
  for (const { property, name, breakages } of TWINS_OF_REASONS) {
    it(`${property} notices that ${name}`, async () => {
      const url = import.meta.resolve('../support/rule10.js');
      const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, url, breakages);
      await assert.rejects(() => build[property](TWIN_RUNS), isFinding);
    });
  }
});
