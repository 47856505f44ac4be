import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenBuild, isFinding, TWIN_RUNS } from '../support/broken-build.js';
import { RULES_AS_DATA_TWINS } from '../support/identity-breakages.js';
import * as healthy from '../support/rules-as-data.js';

/** Histories a property; `THREADLINE_RUNS` raises it, `THREADLINE_SHRINK` makes a counterexample small. */
const RUNS = Number(process.env['THREADLINE_RUNS'] ?? 60);

describe('identity rules as data', () => {
  it('do what their plan says', () => healthy.planIsWhatComes(RUNS));
  it('and back leave everything as it was, byte for byte', () => healthy.thereAndBack(RUNS));
});

describe('identity rules as data, broken on purpose', () => {
  for (const { property, name, breakages } of RULES_AS_DATA_TWINS) {
    it(`${property} notices that ${name}`, async () => {
      const url = import.meta.resolve('../support/rules-as-data.js');
      const build = await brokenBuild<typeof healthy>(`${property}: ${name}`, url, breakages);
      await assert.rejects(() => build[property](TWIN_RUNS), isFinding);
    });
  }
});
