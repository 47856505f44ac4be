/**
 * A name as a number of 48 bits: six bytes in the index, and a double in memory that costs no string. Two names may
 * share one, so whatever is found by it is compared with the log. Changing this means another `INDEX_VERSION`.
 */
export function indexKey(name: string): number {
  let a = 0x6a09e667;
  let b = 0x3c6ef372;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x85ebca77) + a;
  }
  a = Math.imul(a ^ (a >>> 15) ^ b, 0x2c1b3c6d);
  b = Math.imul(b ^ (b >>> 13) ^ a, 0x297a2d39);
  a ^= a >>> 16;
  b ^= b >>> 15;
  return (a >>> 0) * 0x10000 + (b >>> 16);
}
