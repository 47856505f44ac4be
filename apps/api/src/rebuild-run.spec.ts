import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RebuildRuns } from './rebuild-run.js';

describe('a rebuild', () => {
  it('is told step by step, one at a time', async () => {
    const gate = Promise.withResolvers<void>();
    const runs = new RebuildRuns(async (tell) => {
      tell({ phase: 'customers', done: 1, total: 2 });
      await gate.promise;
    });
    const steps = runs.start();
    assert.equal(runs.start(), undefined);
    gate.resolve();
    const told: unknown[] = [];
    for await (const step of steps ?? []) told.push(step);
    assert.deepEqual(told, [{ phase: 'customers', done: 1, total: 2 }, { phase: 'done' }]);
    assert.notEqual(runs.start(), undefined);
  });

  it('tells why it failed, and may be tried again', async () => {
    const runs = new RebuildRuns(() => Promise.reject(new Error('the disk is full')));
    const told: unknown[] = [];
    for await (const step of runs.start() ?? []) told.push(step);
    assert.deepEqual(told, [{ phase: 'failed', message: 'the disk is full' }]);
    assert.notEqual(runs.start(), undefined);
  });

  it('does not gather steps for somebody who is gone', async () => {
    const done = Promise.withResolvers<void>();
    const runs = new RebuildRuns(async (tell) => {
      for (let i = 0; i < 1_000; i++) tell({ phase: 'customers', done: i, total: 1_000 });
      done.resolve();
      await done.promise;
    });
    const steps = runs.start();
    await done.promise;
    let count = 0;
    for await (const step of steps ?? []) count += step.phase === '' ? 0 : 1;
    assert.ok(count <= 65);
  });
});
