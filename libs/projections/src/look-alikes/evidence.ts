import type { Frequencies } from './features.js';

/**
 * What one field says of two records: how much likelier it is seen of one person, and of two of one household, than of two
 * strangers. Both in bits: log2 of the ratio.
 */
export interface Evidence {
  readonly field: string;
  readonly how: string;
  readonly person: number;
  readonly kin: number;
  /** What was compared, of the first and of the second record, folded. */
  readonly values: readonly [string, string];
}

/** How common the values of a field are, before any were counted. */
export interface Commonness {
  /** The bare kind of feature: how many have one. */
  readonly kind: string;
  /** How likely two strangers agree. */
  readonly chance: number;
  /** As many records as the above is worth. */
  readonly worth: number;
  /** Of further records with this value, the share that are no copies of the same person. */
  readonly strangers: number;
}

/**
 * How likely a stranger has this value too. The two records that are compared are left out: whatever one person's copies
 * share would else look common in a small set.
 */
export function chanceOf(
  value: string,
  { kind, chance, worth, strangers }: Commonness,
  known: Frequencies,
): number {
  const others = Math.max(known.count(kind + value) - 2, 0);
  return (worth * chance + others * strangers) / (worth + Math.max(known.count(kind) - 2, 0));
}

/** The evidence of something that is seen so often of one person, of kin, and of strangers. */
export function weigh(
  field: string,
  how: string,
  values: readonly [string, string],
  chances: { readonly person: number; readonly kin: number; readonly stranger: number },
): Evidence {
  const bits = (chance: number): number =>
    Math.log2(Math.max(chance, chances.stranger / 64) / chances.stranger);
  return { field, how, values, person: bits(chances.person), kin: bits(chances.kin) };
}

/** The evidence that speaks most for one person; of equals, the same one whichever comes first. */
export function strongest(found: readonly Evidence[]): Evidence | undefined {
  return found.reduce<Evidence | undefined>(
    (best, next) => (best === undefined || isStronger(next, best) ? next : best),
    undefined,
  );
}

function isStronger(one: Evidence, other: Evidence): boolean {
  const rank = ({ kin, how, values }: Evidence): string =>
    [kin.toFixed(9), how, ...[...values].sort()].join('\n');
  return one.person !== other.person ? one.person > other.person : rank(one) < rank(other);
}
