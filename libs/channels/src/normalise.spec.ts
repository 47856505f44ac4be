import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normaliseIdentifier } from './normalise.js';

const value = (kind: string, text: string, country?: string): string =>
  normaliseIdentifier(kind, text, country).value;

describe('kinds', () => {
  for (const kind of ['email', ' Email ', 'EMAIL\t']) {
    it(JSON.stringify(kind), () => assert.equal(normaliseIdentifier(kind, 'x').kind, 'email'));
  }
});

describe('e-mail addresses', () => {
  const cases: Record<string, string> = {
    'Ana@Example.org': 'ana@example.org',
    '  ANA@EXAMPLE.ORG\n': 'ana@example.org',
    'Jose\u0301@example.org': 'jos\u00e9@example.org',
    'not an address': 'not an address',
  };
  for (const [given, expected] of Object.entries(cases)) {
    it(JSON.stringify(given), () => assert.equal(value('email', given), expected));
  }
});

describe('phone numbers', () => {
  const cases: [given: string, country: string | undefined, expected: string][] = [
    ['+44 20 7946 0000', undefined, '+442079460000'],
    ['+44 (0)20 7946 0000', undefined, '+442079460000'],
    ['tel:+44-20-7946-0000', undefined, '+442079460000'],
    ['020 7946 0000', 'GB', '+442079460000'],
    ['020 7946 0000', ' gb ', '+442079460000'],
    ['0044 20 7946 0000', 'GB', '+442079460000'],
    ['020 7946 0000', undefined, '020 7946 0000'],
    ['020 7946 0000', 'Narnia', '020 7946 0000'],
    ['020 7946 0000', '', '020 7946 0000'],
    ['+33 1 42 68 53 00', 'GB', '+33142685300'],
    [' 13 ', 'GB', '13'],
    ['+1 555 0100', undefined, '+1 555 0100'],
    ['ask for Kofi', 'GB', 'ask for Kofi'],
    ['+44 20 7946 0000 ext. 12', undefined, '+442079460000;ext=12'],
    ['+442079460000;ext=12', undefined, '+442079460000;ext=12'],
    ['0'.repeat(500), 'GB', '0'.repeat(500)],
  ];
  for (const [given, country, expected] of cases) {
    it(`${given.slice(0, 40)} of ${country}`, () => {
      assert.equal(value('phone', given, country), expected);
      assert.equal(value('phone', given, country), expected, 'remembered');
    });
  }
});

describe('other identifiers', () => {
  it('keep their case', () => assert.equal(value('instagram', ' Ana_R '), 'Ana_R'));
  it('are trimmed of every kind of space', () => assert.equal(value('user', '\u3000\ufeffu-1\u00a0'), 'u-1'));
  it('are written in NFC', () => assert.equal(value('user', 'A\u030a'), '\u00c5'));
});

it('what is normal already stays as it is', () => {
  const kinds = fc.constantFrom('email', 'phone', 'loyalty', 'Instagram', ' USER');
  const country = fc.constantFrom(undefined, 'GB', 'FR', 'US');
  fc.assert(
    fc.property(kinds, fc.string({ unit: 'binary' }), country, (kind, text, of) => {
      const once = normaliseIdentifier(kind, text, of);
      assert.deepEqual(normaliseIdentifier(once.kind, once.value, of), once);
    }),
    { numRuns: 500 },
  );
});
