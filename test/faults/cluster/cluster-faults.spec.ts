import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { needing } from '../../support/needing.js';
import { table, type Outcome } from '../scenario.js';
import { clusterScenarios } from './cluster-scenarios.js';

const seed = Date.now() % 1_000_000;
const outcomes: Outcome[] = [];
const all = clusterScenarios({ size: 'ci', seed });

after(async () => {
  await all.close();
  if (outcomes.length > 0) console.log(table(outcomes));
});

describe('what a cluster has acknowledged is in the log once, and read as it is', () => {
  for (const { name, missing, least, run } of all.scenarios) {
    it(
      name,
      ...needing(missing, async () => {
        const outcome = await run();
        outcomes.push(outcome);
        const { lost, doubled, drift, late, findings } = outcome;
        assert.deepEqual(
          { lost, doubled, drift, late, findings },
          { lost: 0, doubled: 0, drift: 0, late: 0, findings: [] },
        );
        assert.ok(outcome.faults >= least, `only ${outcome.faults} of ${least} faults`);
        assert.ok(outcome.acknowledged > 0, 'nothing was ever acknowledged');
      }),
    );
  }
});

describe('a broken build of a service is found', () => {
  for (const { name, missing, run, finds } of all.twins) {
    it(
      name,
      ...needing(missing, async () => {
        const outcome = await run();
        console.log(`${name}: ${finds} ${outcome[finds]} after ${outcome.faults} faults`);
        assert.ok(outcome[finds] > 0, `${name} was not found: ${outcome.findings.join('\n')}`);
      }),
    );
  }
});
