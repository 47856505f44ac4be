import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clocksOf, logQueryOf, timelineQueryOf } from './plain-queries.js';

const at = (time: number): number => time / 1_000_000_000_000;

describe('plain queries', () => {
  it('takes knownAt as a position, or as the position at that time', () => {
    assert.deepEqual(clocksOf({}, at), {});
    assert.deepEqual(clocksOf({ knownAt: '17' }, at), { knownAt: 17 });
    assert.deepEqual(clocksOf({ knownAt: '2001-09-09T01:46:40Z' }, at), { knownAt: 1 });
    assert.deepEqual(clocksOf({ asOf: '1970-01-01T00:00:00.250Z', knownAt: '0' }, at), {
      asOf: 250,
      knownAt: 0,
    });
  });

  it('leaves out of a timeline query what was not asked', () => {
    assert.deepEqual(timelineQueryOf({}), { limit: 50, order: 'desc' });
    assert.deepEqual(timelineQueryOf({ q: ' ', order: 'asc', limit: '3', from: '1970-01-01T00:00:01Z' }), {
      limit: 3,
      order: 'asc',
      from: 1000,
    });
  });

  it('limits a page of the log, and lines only where it is asked to', () => {
    assert.deepEqual(logQueryOf({}), { after: 0, lines: false, limit: 100 });
    assert.deepEqual(logQueryOf({ format: 'ndjson' }), { after: 0, lines: true });
    assert.deepEqual(logQueryOf({ format: 'ndjson', limit: '20000', after: '9' }), {
      after: 9,
      lines: true,
      limit: 20_000,
    });
    assert.deepEqual(logQueryOf({ types: ['a.b, c.d', 'e.f'] }).types, ['a.b', 'c.d', 'e.f']);
  });
});
