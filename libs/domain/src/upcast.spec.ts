import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CURRENT_VERSION, UnknownVersionError, upcast } from './upcast.js';

describe('an event of the log', () => {
  it('of the present version is taken as it is', () => {
    const event = { v: CURRENT_VERSION, source: '/s' };
    assert.equal(upcast(event), event);
  });

  it('of an older version is lifted, one version at a time', () => {
    const lifts = [
      (event: Record<string, unknown>) => ({ ...event, v: 2, at: event['time'] }),
      (event: Record<string, unknown>) => ({ ...event, v: 3, source: `/${String(event['source'])}` }),
    ];
    assert.deepEqual(upcast({ v: 1, time: 5, source: 's' }, lifts), { v: 3, time: 5, at: 5, source: '/s' });
    assert.deepEqual(upcast({ v: 2, at: 5, source: 's' }, lifts), { v: 3, at: 5, source: '/s' });
  });

  it('of a newer version, or of none, is refused', () => {
    for (const stored of [{ v: CURRENT_VERSION + 1 }, {}, null, { v: '1' }, { v: 0 }, { v: 1.5 }]) {
      assert.throws(() => upcast(stored), UnknownVersionError);
    }
  });
});
