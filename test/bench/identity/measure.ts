import { lookAlikes, type LookAlike } from '@threadline/projections/look-alikes/look-alikes';
import type { LabelledSet } from './labelled-file.js';

export interface Accuracy {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

export interface Measured {
  readonly name: string;
  readonly records: number;
  /** Pairs of records of one person. */
  readonly truePairs: number;
  /** At the product's least score. */
  readonly atDefault: Accuracy;
  /** The best F1 that any least score gives while the precision is 0.95 or more. */
  readonly best: Accuracy & { readonly leastScore: number };
  readonly milliseconds: number;
}

export const FLOOR = 0.95;

function accuracy(right: number, found: number, all: number): Accuracy {
  const precision = found === 0 ? 1 : right / found;
  const recall = all === 0 ? 1 : right / all;
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
  };
}

function truePairsOf(set: LabelledSet): number {
  const sizes = new Map<string, number>();
  for (const person of set.truth.values()) sizes.set(person, (sizes.get(person) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
}

/** Pairs that were labelled one by one; nothing is known of others. */
export type LabelledPairs = ReadonlyMap<string, boolean>;

export const pairKey = (a: string, b: string): string => (a < b ? `${a}\n${b}` : `${b}\n${a}`);

/** Suggests, and only then looks at who is who. */
export function measure(set: LabelledSet, leastScore: number, pairs?: LabelledPairs): Measured {
  const began = performance.now();
  const found = lookAlikes(set.records, 0);
  const milliseconds = performance.now() - began;
  const isRight = ({ a, b }: LookAlike): boolean =>
    pairs === undefined ? set.truth.get(a) === set.truth.get(b) : pairs.get(pairKey(a, b)) === true;
  const judged = pairs === undefined ? found : found.filter(({ a, b }) => pairs.has(pairKey(a, b)));
  const truePairs =
    pairs === undefined ? truePairsOf(set) : [...pairs.values()].filter((isOne) => isOne).length;
  const chosen = judged.filter(({ score }) => score >= leastScore);
  return {
    name: set.name,
    records: set.records.length,
    truePairs,
    atDefault: accuracy(chosen.filter(isRight).length, chosen.length, truePairs),
    best: bestOf(judged, isRight, truePairs),
    milliseconds: Math.round(milliseconds),
  };
}

function bestOf(
  found: readonly LookAlike[],
  isRight: (pair: LookAlike) => boolean,
  truePairs: number,
): Measured['best'] {
  const byScore = [...found].sort((x, y) => y.score - x.score);
  let best: Measured['best'] = { precision: 1, recall: 0, f1: 0, leastScore: 1 };
  let right = 0;
  byScore.forEach((pair, at) => {
    if (isRight(pair)) right++;
    // Equal scores are one threshold.
    if (byScore[at + 1]?.score === pair.score) return;
    const at95 = accuracy(right, at + 1, truePairs);
    if (at95.precision >= FLOOR && at95.f1 > best.f1) best = { ...at95, leastScore: pair.score };
  });
  return best;
}
