import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CardQueryDto,
  CustomerQueryDto,
  LogQueryDto,
  NoQueryDto,
  ReadQueryDto,
  SearchQueryDto,
  TimelineQueryDto,
} from './read-queries.js';
import { readPosition, readTime } from './read-time.js';
import { checkQuery, parametersOf, type QueryClass } from './read-validation.js';

const wrong = (type: QueryClass<object>, given: Record<string, unknown>): string[] =>
  checkQuery(type, given)
    .problems.map(({ parameter }) => parameter)
    .sort();

describe('query parameters', () => {
  it('knows the parameters of a class and its bases', () => {
    assert.deepEqual([...parametersOf(ReadQueryDto)], ['minPosition']);
    assert.deepEqual([...parametersOf(CustomerQueryDto)], ['minPosition', 'asOf', 'knownAt']);
    assert.deepEqual([...parametersOf(NoQueryDto)], []);
  });

  const good: [QueryClass<object>, Record<string, unknown>][] = [
    [TimelineQueryDto, {}],
    [TimelineQueryDto, { limit: '1' }],
    [TimelineQueryDto, { limit: '200', order: 'asc', q: '', cursor: '' }],
    [TimelineQueryDto, { from: '2026-03-02T10:15:00Z', to: '2026-03-02T10:15:00.123456+01:00' }],
    [TimelineQueryDto, { knownAt: '0', asOf: '1969-12-31T23:59:60z', minPosition: '12' }],
    [SearchQueryDto, { q: '\u0000"*:^ AND' }],
    [LogQueryDto, { types: ['a.b,c.d', 'e.f'], limit: '10000', after: '0' }],
    [LogQueryDto, { limit: '1000000', format: 'ndjson' }],
  ];
  for (const [type, given] of good) {
    it(`takes ${JSON.stringify(given)} for ${type.name}`, () => assert.deepEqual(wrong(type, given), []));
  }

  const bad: [QueryClass<object>, Record<string, unknown>, string[]][] = [
    [TimelineQueryDto, { limit: '0' }, ['limit']],
    [TimelineQueryDto, { limit: '201', order: 'up', from: 'yesterday' }, ['from', 'limit', 'order']],
    [TimelineQueryDto, { limit: '1e2' }, ['limit']],
    [TimelineQueryDto, { limit: ' 5' }, ['limit']],
    [TimelineQueryDto, { limit: ['1', '2'] }, ['limit']],
    [TimelineQueryDto, { to: '2026-02-30T00:00:00Z' }, ['to']],
    [TimelineQueryDto, { to: '2026-02-03' }, ['to']],
    [TimelineQueryDto, { channel: '' }, ['channel']],
    [CustomerQueryDto, { minPosition: '-1', knownAt: 'now', asOf: '12' }, ['asOf', 'knownAt', 'minPosition']],
    [CardQueryDto, { explain: 'yes' }, ['explain']],
    [CardQueryDto, { explain: '' }, ['explain']],
    [CardQueryDto, { explain: ['true', 'true'] }, ['explain']],
    [TimelineQueryDto, { explain: 'true' }, ['explain']],
    [SearchQueryDto, { asOf: '2026-03-02T10:15:00Z', knownAt: '1' }, ['asOf', 'knownAt']],
    [LogQueryDto, { limit: '10001' }, ['limit']],
    [LogQueryDto, { limit: '0', format: 'ndjson' }, ['limit']],
    [LogQueryDto, { types: 'a.b,,c.d' }, ['types']],
    [LogQueryDto, { format: 'xml', after: '99999999999999999' }, ['after', 'format']],
    [NoQueryDto, { a: '1', constructor: 'x', ['__proto__']: 'y' }, ['__proto__', 'a', 'constructor']],
  ];
  for (const [type, given, expected] of bad) {
    it(`names ${expected.join(', ')} in ${JSON.stringify(given)}`, () =>
      assert.deepEqual(wrong(type, given), expected));
  }
});

describe('times and positions', () => {
  it('reads RFC 3339 to the millisecond', () => {
    assert.equal(readTime('2026-03-02T10:15:00Z'), Date.UTC(2026, 2, 2, 10, 15));
    assert.equal(readTime('2026-03-02T10:15:00.9876Z'), Date.UTC(2026, 2, 2, 10, 15, 0, 987));
    assert.equal(readTime('2026-03-02T10:15:00+01:30'), Date.UTC(2026, 2, 2, 8, 45));
    assert.equal(readTime('2026-03-02T10:15:00 01:30'), Date.UTC(2026, 2, 2, 8, 45));
    assert.equal(readTime('2026-03-02t10:15:00-01:30'), Date.UTC(2026, 2, 2, 11, 45));
    assert.equal(readTime('2016-12-31T23:59:60Z'), Date.UTC(2017, 0, 1));
    for (const text of [
      '',
      '2026-03-02',
      '2026-03-02T10:15Z',
      '2026-13-02T10:15:00Z',
      '2026-03-02T24:00:00Z',
    ]) {
      assert.equal(readTime(text), undefined, text);
    }
    for (const text of ['2026-03-02T10:15:00', '2026-03-02T10:15:00+24:00', '2026-03-02T10:15:61Z', '١٢٣']) {
      assert.equal(readTime(text), undefined, text);
    }
  });

  it('reads positions that a number can hold exactly', () => {
    assert.equal(readPosition('0'), 0);
    assert.equal(readPosition('9007199254740991'), Number.MAX_SAFE_INTEGER);
    for (const text of ['', '-1', '1.5', '0x10', '9007199254740992', ' 1'])
      assert.equal(readPosition(text), undefined);
  });
});
