/**
 * Exact decimals as strings, `-?\d+(\.\d+)?`. The scale (digits after the point) is kept: a sum has the greatest of
 * its parts. Money and quantities are added in any order and always come out the same.
 */
export type Decimal = string;

interface Parts {
  readonly units: bigint;
  readonly scale: number;
}

function parts(value: Decimal): Parts {
  const dot = value.indexOf('.');
  if (dot < 0) return { units: BigInt(value), scale: 0 };
  return { units: BigInt(value.slice(0, dot) + value.slice(dot + 1)), scale: value.length - dot - 1 };
}

function print(units: bigint, scale: number): Decimal {
  if (scale === 0) return units.toString();
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const rescale = ({ units, scale }: Parts, to: number): bigint => units * 10n ** BigInt(to - scale);

export function add(a: Decimal, b: Decimal): Decimal {
  const [x, y] = [parts(a), parts(b)];
  const scale = Math.max(x.scale, y.scale);
  return print(rescale(x, scale) + rescale(y, scale), scale);
}

/** As sums are printed: no zeros in front, and no minus before nothing (`-0.00`, `007.5` are amounts too). */
export function plain(a: Decimal): Decimal {
  const { units, scale } = parts(a);
  return print(units, scale);
}

export function negate(a: Decimal): Decimal {
  const { units, scale } = parts(a);
  return print(-units, scale);
}

/** Exact; in the scale of `price`, or in the least that the exact product needs. */
export function times(price: Decimal, quantity: Decimal): Decimal {
  const [x, y] = [parts(price), parts(quantity)];
  let units = x.units * y.units;
  let scale = x.scale + y.scale;
  while (scale > x.scale && units % 10n === 0n) {
    units /= 10n;
    scale--;
  }
  return print(units, scale);
}

/** Negative, zero or positive, whatever the scales. */
export function compare(a: Decimal, b: Decimal): number {
  const [x, y] = [parts(a), parts(b)];
  const scale = Math.max(x.scale, y.scale);
  const difference = rescale(x, scale) - rescale(y, scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** A JSON number as the decimal that it is printed as. */
export function fromNumber(value: number): Decimal {
  const printed = String(value);
  const e = printed.indexOf('e');
  if (e < 0) return printed;
  const { units, scale } = parts(printed.slice(0, e));
  const shift = Number(printed.slice(e + 1)) - scale;
  return shift >= 0 ? print(units * 10n ** BigInt(shift), 0) : print(units, -shift);
}
