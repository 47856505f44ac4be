import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { eventTime } from './event-time.js';

const iso = (text: string): string | undefined => {
  const at = eventTime(text);
  return at === undefined ? undefined : new Date(at).toISOString();
};

describe('event time', () => {
  const good: Record<string, string> = {
    '2026-03-02T10:15:00Z': '2026-03-02T10:15:00.000Z',
    '2026-03-02t10:15:00z': '2026-03-02T10:15:00.000Z',
    '2026-03-02T10:15:00.5Z': '2026-03-02T10:15:00.500Z',
    '2026-03-02T10:15:00.123999999Z': '2026-03-02T10:15:00.123Z',
    '2026-03-02T10:15:00+05:30': '2026-03-02T04:45:00.000Z',
    '2026-03-02T10:15:00.25-08:00': '2026-03-02T18:15:00.250Z',
    '2026-03-02T10:15:00-00:00': '2026-03-02T10:15:00.000Z',
    '2024-02-29T23:59:59Z': '2024-02-29T23:59:59.000Z',
    '1969-12-31T23:59:59.999Z': '1969-12-31T23:59:59.999Z',
    '0001-01-01T00:00:00Z': '0001-01-01T00:00:00.000Z',
    '2016-12-31T23:59:60Z': '2017-01-01T00:00:00.000Z',
    '2017-01-01T05:29:60.7+05:30': '2017-01-01T00:00:00.700Z',
  };
  for (const [text, expected] of Object.entries(good)) {
    it(`reads ${text}`, () => assert.equal(iso(text), expected));
  }

  const bad = [
    '',
    '2026-03-02',
    '2026-03-02T10:15Z',
    '2026-03-02T10:15:00',
    '2026-03-02 10:15:00Z',
    '2026-3-2T10:15:00Z',
    '2026-13-02T10:15:00Z',
    '2026-02-29T10:15:00Z',
    '2026-03-02T24:00:00Z',
    '2026-03-02T10:60:00Z',
    '2026-03-02T10:15:60Z',
    '2026-03-02T23:59:61Z',
    '2026-03-02T10:15:00.Z',
    '2026-03-02T10:15:00+24:00',
    '2026-03-02T10:15:00+05:60',
    '2026-03-02T10:15:00+0530',
    '2026-03-02T10:15:00Z ',
    '٢٠٢٦-03-02T10:15:00Z',
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    'Mon, 02 Mar 2026 10:15:00 GMT',
  ];
  for (const text of bad)
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(eventTime(text), undefined));

  it('reads whatever a Date prints', () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T23:59:59Z') }),
        (date) => {
          assert.equal(eventTime(date.toISOString()), date.getTime());
        },
      ),
    );
  });
});
