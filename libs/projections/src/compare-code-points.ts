/** A surrogate stands for a code point above every other unit, but lies below U+E000 as a unit. */
const lifted = (unit: number): number =>
  unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;

/** The order of names: by code point, which is not the order of UTF-16 units where an emoji meets a full-width letter. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return lifted(left) - lifted(right);
  }
  return a.length - b.length;
}
