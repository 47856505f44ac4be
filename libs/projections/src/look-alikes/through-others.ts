import type { Comparison } from './compare-records.js';

/** Two records, by their places, the lesser first. */
export interface ComparedPair {
  readonly left: number;
  readonly right: number;
  readonly comparison: Comparison;
  /** log2 of the odds that they are one person. */
  readonly odds: number;
  /** The place of a third record that both look like, where that says more than they say of each other. */
  readonly through?: number;
}

/** Only what is at least so likely leads on to a third record. */
const LEADS_ON = 0;
/** Of one record, as many of its likeliest look-alikes lead on. */
const MOST_NEIGHBOURS = 24;
const ROUNDS = 2;
/** Beyond this nothing becomes surer. */
const MOST_BITS = 40;

/**
 * Two records that both look like a third one look like each other: of the five ways in which three records can be one, two or
 * three persons, how likely are those in which these two are the same. What contradicts (another given name, another day)
 * counts; what they have in common was counted already: it is what makes both look like the third.
 */
function throughThird(
  first: number,
  second: number,
  direct: Pick<ComparedPair, 'odds' | 'comparison'>,
): number {
  const [one, two, three] = [first, second, direct.odds].map((odds) => Math.min(odds, MOST_BITS)) as Three;
  const all = 2 ** (one + two + direct.comparison.against);
  return Math.log2((all + 2 ** three) / (2 ** one + 2 ** two + 1));
}

type Three = [number, number, number];

interface Neighbour {
  readonly place: number;
  readonly odds: number;
}

/** Each record's likeliest look-alikes. */
function neighboursOf(pairs: Iterable<ComparedPair>): Map<number, Neighbour[]> {
  const found = new Map<number, Neighbour[]>();
  const meet = (place: number, neighbour: Neighbour): void => {
    const known = found.get(place);
    if (known === undefined) found.set(place, [neighbour]);
    else known.push(neighbour);
  };
  for (const { left, right, odds } of pairs) {
    if (odds < LEADS_ON) continue;
    meet(left, { place: right, odds });
    meet(right, { place: left, odds });
  }
  for (const [place, neighbours] of found) {
    neighbours.sort((x, y) => y.odds - x.odds || x.place - y.place);
    found.set(place, neighbours.slice(0, MOST_NEIGHBOURS));
  }
  return found;
}

/**
 * The pairs, and those that come of a third record, each with the best odds there are. `direct` compares two that were not
 * compared yet. Depends on the places only where odds are equal.
 */
export function throughOthers(
  pairs: readonly ComparedPair[],
  places: number,
  direct: (left: number, right: number) => ComparedPair,
): ComparedPair[] {
  const known = new Map<number, ComparedPair>();
  for (const pair of pairs) known.set(pair.left * places + pair.right, pair);
  let best = known;
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Map(best);
    for (const [third, neighbours] of neighboursOf(best.values())) {
      for (const one of neighbours) {
        for (const other of neighbours) {
          if (one.place >= other.place) continue;
          const key = one.place * places + other.place;
          let pair = known.get(key);
          if (pair === undefined) known.set(key, (pair = direct(one.place, other.place)));
          const odds = throughThird(one.odds, other.odds, pair);
          if (odds > (next.get(key)?.odds ?? pair.odds)) next.set(key, { ...pair, odds, through: third });
        }
      }
    }
    best = next;
  }
  return [...best.values()];
}
