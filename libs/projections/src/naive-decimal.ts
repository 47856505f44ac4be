/** An exact decimal number: `units` × 10^-`scale`. */
export interface Decimal {
  readonly units: bigint;
  /** Digits behind the point, as the number came or as exactness needs. */
  readonly scale: number;
}

export const ZERO: Decimal = { units: 0n, scale: 0 };

/** Reads `-?\d+(\.\d+)?`, an amount, with the scale that it is written in. */
export function amount(text: string): Decimal {
  const point = text.indexOf('.');
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

/** A JSON number, as ECMAScript prints it: the shortest decimal that reads back as the same double. */
export function decimal(number: number): Decimal {
  const [digits = '0', exponent = '0'] = String(number).split('e');
  const { units, scale } = amount(digits);
  const shifted = scale - Number(exponent);
  return shifted >= 0 ? { units, scale: shifted } : { units: units * 10n ** BigInt(-shifted), scale: 0 };
}

const unitsAt = (value: Decimal, scale: number): bigint => value.units * 10n ** BigInt(scale - value.scale);

/** The sum, in the greater of both scales. */
export function plus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

export const negative = ({ units, scale }: Decimal): Decimal => ({ units: -units, scale });

/** Quantity × price, exactly, in the price's scale, or in the least greater one that it needs. */
export function times(quantity: Decimal, price: Decimal): Decimal {
  let units = quantity.units * price.units;
  let scale = quantity.scale + price.scale;
  while (scale > price.scale && units % 10n === 0n) {
    units /= 10n;
    scale--;
  }
  return { units, scale };
}

/** Below zero, zero, or above it: as a sort wants it. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const difference = unitsAt(a, scale) - unitsAt(b, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** With all digits of its scale. */
export function printDecimal({ units, scale }: Decimal): string {
  const sign = units < 0n ? '-' : '';
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
