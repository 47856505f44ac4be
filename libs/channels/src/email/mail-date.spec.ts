import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mailDate } from './mail-date.js';

const iso = (text: string): string | undefined => {
  const at = mailDate(text);
  return at === undefined ? undefined : new Date(at).toISOString();
};

describe('dates as mails write them', () => {
  const cases: readonly [string, string | undefined][] = [
    ['Mon, 2 Mar 2026 10:15:00 +0100', '2026-03-02T09:15:00.000Z'],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06.000Z'],
    ['2 Mar 26 10:15 EST', '2026-03-02T15:15:00.000Z'],
    ['Mon Mar  2 10:15:00 2026', '2026-03-02T10:15:00.000Z'],
    ['Mon Mar  2 10:15:00 +0100 2026', '2026-03-02T09:15:00.000Z'],
    ['2026-03-02T10:15:00+01:00', '2026-03-02T09:15:00.000Z'],
    ['Mon, 2 Mar 2026 10:15:00', '2026-03-02T10:15:00.000Z'],
    ['Wed, 15 Dec 2010    59:10 -0500', undefined],
    ['31 Feb 2026 10:00:00 +0000', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases)
    it(text === '' ? 'none' : text, () => assert.equal(iso(text), expected));

  it('reads what toUTCString writes', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }), (date) => {
        assert.equal(mailDate(date.toUTCString()), Math.floor(date.getTime() / 1000) * 1000);
      }),
    );
  });
});
