import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { add, compare, fromNumber, negate, times } from './decimal.js';

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 12 }))
  .map(([units, scale]) => {
    const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
    const sign = units < 0n ? '-' : '';
    return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  });

describe('exact decimals', () => {
  it('keep the greatest scale of what is added', () => {
    assert.equal(add('0.1', '0.20'), '0.30');
    assert.equal(add('129.00', '-129'), '0.00');
    assert.equal(add('9007199254740993', '1'), '9007199254740994');
    assert.equal(negate('-0.05'), '0.05');
  });

  it('multiply in the scale of the price, or in as much more as the product needs', () => {
    assert.equal(times('129.90', '2'), '259.80');
    assert.equal(times('10.00', '1.5'), '15.00');
    assert.equal(times('1.99', '0.333'), '0.66267');
    assert.equal(times('3', '-2'), '-6');
  });

  it('take numbers as they are printed', () => {
    assert.equal(fromNumber(1.5), '1.5');
    assert.equal(fromNumber(1e21), '1000000000000000000000');
    assert.equal(fromNumber(1.25e-7), '0.000000125');
    assert.equal(fromNumber(-0), '0');
  });

  it('do not depend on the order of the sum', () => {
    fc.assert(
      fc.property(fc.array(decimals, { minLength: 1, maxLength: 12 }), fc.nat(), (amounts, seed) => {
        const shuffled = amounts.map((amount, i) => ({ amount, key: ((i + 1) * (seed + 7)) % 101 }));
        shuffled.sort((a, b) => a.key - b.key);
        assert.equal(amounts.reduce(add), shuffled.map(({ amount }) => amount).reduce(add));
      }),
    );
  });

  it('compare whatever their scales', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        assert.equal(Math.sign(compare(a, b)), -Math.sign(compare(b, a)));
        assert.equal(compare(add(a, '0.0000000000000'), a), 0);
      }),
    );
    assert.ok(compare('2', '10.0') < 0);
  });

  it('would be noticed if they were doubles', () => {
    const doubles = (a: string, b: string): string => String(Number(a) + Number(b));
    assert.throws(() =>
      fc.assert(
        fc.property(decimals, decimals, (a, b) => assert.equal(compare(doubles(a, b), add(a, b)), 0)),
      ),
    );
  });
});
