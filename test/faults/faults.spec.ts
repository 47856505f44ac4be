import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { needing } from '../support/needing.js';
import { table, type Outcome } from './scenario.js';
import { scenarios, twins } from './scenarios.js';

const seed = Date.now() % 1_000_000;
const outcomes: Outcome[] = [];

after(() => {
  if (outcomes.length > 0) console.log(table(outcomes));
});

describe('what was acknowledged is there once and can be read', () => {
  for (const { name, missing, least, run } of scenarios('ci', seed)) {
    it(
      name,
      ...needing(missing, async () => {
        const outcome = await run();
        outcomes.push(outcome);
        const { lost, doubled, drift, findings } = outcome;
        assert.deepEqual({ lost, doubled, drift, findings }, { lost: 0, doubled: 0, drift: 0, findings: [] });
        assert.ok(outcome.faults >= least, `only ${outcome.faults} of ${least} faults`);
        assert.ok(outcome.acknowledged > 0, 'nothing was ever acknowledged');
      }),
    );
  }
});

describe('a broken build is found', () => {
  for (const { name, missing, run, finds } of twins(seed)) {
    it(
      name,
      ...needing(missing, async () => {
        const outcome = await run();
        console.log(`${name}: ${finds} ${outcome[finds]} after ${outcome.faults} faults`);
        assert.ok(outcome[finds] > 0, `${name} was not found`);
      }),
    );
  }
});
