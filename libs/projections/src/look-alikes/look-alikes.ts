import { blockingKeys } from './blocking.js';
import { compareRecords, reasonsFor, type Reason } from './compare-records.js';
import { expectedPairs, oddsOf, scoreOf } from './expected-pairs.js';
import { CountedFeatures, features } from './features.js';
import { prepareRecord, type PersonRecord, type PreparedRecord } from './record.js';
import { throughOthers, type ComparedPair } from './through-others.js';

/** Two records that look like one person. */
export interface LookAlike {
  /** Ids of the two records, the lesser first. */
  readonly a: string;
  readonly b: string;
  /** How likely they are one person, 0 to 1. */
  readonly score: number;
  /** The same as log2 of the odds, which still differ where scores are nearly 1. */
  readonly odds: number;
  /** What tells most first. */
  readonly reasons: readonly Reason[];
}

/** What is suggested has at least this score unless another is asked for. */
export const DEFAULT_LEAST_SCORE = 0.6;

/** Records with one key. More than these have it for another reason than that they are one person; other keys find them. */
const LARGEST_BLOCK = 60;
/** Pairs whose evidence is not even for one person are no look-alikes in any set. */
const LEAST_BITS = 0;
/** What is less likely than one in a thousand is not told, whatever score is asked for. */
const LEAST_ODDS = -10;

/** Pairs of places that have a key in common, each once, the lesser place first; keys of too many records are passed over. */
export function* candidatePairs(
  keysOf: readonly ReadonlySet<string>[],
): Generator<readonly [number, number]> {
  const blocks = new Map<string, number[]>();
  keysOf.forEach((keys, place) => {
    for (const key of keys) {
      const block = blocks.get(key);
      if (block === undefined) blocks.set(key, [place]);
      else block.push(place);
    }
  });
  for (const [right, keys] of keysOf.entries()) {
    const met = new Set<number>();
    for (const key of keys) {
      const block = blocks.get(key) ?? [];
      if (block.length > LARGEST_BLOCK) continue;
      for (const left of block) {
        if (left >= right) break;
        met.add(left);
      }
    }
    for (const left of met) yield [left, right];
  }
}

/** All pairs of records that look like one person with at least that score, the likeliest first. Depends on the set alone. */
export function lookAlikes(records: readonly PersonRecord[], leastScore: number): LookAlike[] {
  const prepared = [...records].sort((a, b) => (a.id < b.id ? -1 : 1)).map(prepareRecord);
  const at = (place: number): PreparedRecord => prepared[place] as PreparedRecord;
  const known = new CountedFeatures();
  for (const record of prepared) known.add(features(record));

  const compared = [...compareAll(prepared, known)];
  const expected = expectedPairs(
    compared.map(({ comparison }) => comparison),
    prepared.length,
  );
  const pair = (left: number, right: number): ComparedPair => {
    const comparison = compareRecords(at(left), at(right), known);
    return { left, right, comparison, odds: oddsOf(comparison, expected) };
  };
  const direct = compared
    .map((found) => ({ ...found, odds: oddsOf(found.comparison, expected) }))
    .filter(({ odds }) => odds >= LEAST_ODDS);
  return throughOthers(direct, prepared.length, pair)
    .filter(({ odds }) => scoreOf(odds) >= leastScore)
    .sort((x, y) => y.odds - x.odds || x.left - y.left || x.right - y.right)
    .map(({ left, right, odds, through }) => {
      const reasons = reasonsFor(at(left), at(right), known);
      if (through !== undefined) reasons.unshift(lookingLike(at(through).id));
      return { a: at(left).id, b: at(right).id, score: scoreOf(odds), odds, reasons };
    });
}

function* compareAll(
  prepared: readonly PreparedRecord[],
  known: CountedFeatures,
): Generator<Omit<ComparedPair, 'odds'>> {
  for (const [left, right] of candidatePairs(prepared.map(blockingKeys))) {
    const comparison = compareRecords(
      prepared[left] as PreparedRecord,
      prepared[right] as PreparedRecord,
      known,
    );
    if (comparison.person >= LEAST_BITS) yield { left, right, comparison };
  }
}

/** Its weight is what the other reasons leave open. */
const lookingLike = (third: string): Reason => ({
  field: 'others',
  how: 'both look like a third',
  weight: 0,
  values: [third, third],
});
