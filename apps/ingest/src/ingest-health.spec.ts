import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AppendResult } from '@threadline/event-store/event-store';
import { WriteHealth } from './ingest-health.js';
import type { IngestLog } from './interaction-states.js';
import { watchedLog } from './watched-log.js';
import { watchedVault } from './watched-vault.js';

describe('the health of writing', () => {
  it('is lost with an append that could work later, and comes back with one that works', async () => {
    const health = new WriteHealth();
    const told: number[] = [];
    let outcome: () => Promise<AppendResult[]> = () => Promise.resolve([]);
    const log: IngestLog = { append: () => outcome(), async *readStream() {} };
    const watched = watchedLog(log, health, (position) => told.push(position));
    const fail = (code: string, retriable: boolean): Promise<void> => {
      outcome = () => Promise.reject(Object.assign(new Error(code), { code, retriable }));
      return assert.rejects(watched.append([]), { code });
    };

    assert.deepEqual(health.state, { ready: true, reason: null });
    await fail('store-full', true);
    assert.deepEqual(health.state, { ready: false, reason: 'store-full' });
    await fail('invalid-append', false);
    assert.deepEqual(
      health.state,
      { ready: false, reason: 'store-full' },
      'a mistake says nothing of the disk',
    );
    outcome = () =>
      Promise.resolve([
        { status: 'appended', position: 8, revision: 0 },
        { status: 'duplicate', position: 9, revision: 0 },
        { status: 'wrong-revision', actual: 3 },
      ]);
    await watched.append([]);
    assert.deepEqual(health.state, { ready: true, reason: null });
    await fail('invalid-append', false);
    assert.deepEqual(health.state, { ready: true, reason: null });
    assert.deepEqual(told, [8], 'of what is new the last position is told');
  });

  it('is lost with a vault that cannot be written, and comes back with the append that follows', async () => {
    const health = new WriteHealth();
    let commit = (): Promise<void> =>
      Promise.reject(Object.assign(new Error(), { code: 'vault-busy', retriable: true }));
    const vault = watchedVault(
      {
        handlesFor: () => Promise.resolve([]),
        handlesForInteractions: () => Promise.resolve([]),
        commit: () => commit(),
        keys: () => Promise.reject(new Error('not asked for')),
        hash: (...parts) => parts.join(),
      },
      health,
    );
    await assert.rejects(vault.commit(), { code: 'vault-busy' });
    assert.deepEqual(health.state, { ready: false, reason: 'vault-busy' });
    await vault.handlesFor([]);
    commit = () => Promise.resolve();
    await vault.commit();
    assert.equal(health.state.ready, false, 'the log is still to be written');
    await watchedLog(
      { append: () => Promise.resolve([]), async *readStream() {} },
      health,
      () => undefined,
    ).append([]);
    assert.equal(health.state.ready, true);
  });
});
