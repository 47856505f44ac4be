import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AppendResult } from '@threadline/event-store/event-store';
import { WriteHealth } from './ingest-health.js';
import type { IngestLog } from './interaction-states.js';
import { watchedLog } from './watched-log.js';

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
});
