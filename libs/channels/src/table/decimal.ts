/** An exact decimal: `units` of 10 to the power of −`scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/**
 * A number as people write it, or `undefined`: spaces and the separator of thousands are left out. `mark` is what stands
 * before the fraction.
 */
export function parseDecimal(text: string, mark: '.' | ',' = '.'): Decimal | undefined {
  const thousands = mark === '.' ? /[\s',_]/g : /[\s'._]/g;
  const plain = text.trim().replace(thousands, '').replace(mark, '.');
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(plain);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found ?? [];
  if (found === null || whole + fraction === '') return undefined;
  // Programs that count money in floating point write 4.4e-16 for nothing.
  const scale = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction) * power(Math.max(0, -scale));
  return { units: sign === '-' ? -units : units, scale: Math.max(0, scale) };
}

const power = (exponent: number): bigint => 10n ** BigInt(exponent);

export function printDecimal({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const sign = units < 0n ? '-' : '';
  return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(digits.length - scale)}`;
}

/** Half away from zero, as receipts round. */
export function rounded({ units, scale }: Decimal, to: number): Decimal {
  if (to >= scale) return { units: units * power(to - scale), scale: to };
  return { units: divided(units, power(scale - to)), scale: to };
}

function divided(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const over = numerator < 0n ? -numerator : numerator;
  const under = denominator < 0n ? -denominator : denominator;
  const quotient = (over * 2n + under) / (under * 2n);
  return negative ? -quotient : quotient;
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: rounded(a, scale).units + rounded(b, scale).units, scale };
}

export const multiply = (a: Decimal, b: Decimal): Decimal => ({
  units: a.units * b.units,
  scale: a.scale + b.scale,
});

/** Rounded to `scale`; `undefined` for a division by zero. */
export function divide(a: Decimal, b: Decimal, scale: number): Decimal | undefined {
  if (b.units === 0n) return undefined;
  return { units: divided(a.units * power(scale + b.scale), b.units * power(a.scale)), scale };
}
