import { chanceOf, type Commonness, type Evidence } from './evidence.js';
import type { Frequencies } from './features.js';
import { nearness } from './nearness.js';
import type { PreparedRecord } from './record.js';

const COMMON: Commonness = { kind: 'a:', chance: 1 / 200, worth: 100, strangers: 1 };
/** Words of one address hang together (a street lies in one town): each further one tells less than the one before. */
const NEXT_TELLS = 0.7;
/** Of one person, and of kin, how often the addresses differ (in bits, against strangers). */
const ELSEWHERE = { person: -1.7, kin: -2.2 };
/** A word that was seen with a slip tells less. */
const NEAR_TELLS: Readonly<Record<string, number>> = { close: 0.8, short: 0.6, similar: 0.5 };
/** The share of the shorter address that has to be found in the other. */
const ALIKE = 0.6;
const PARTLY = 0.25;

const canSlip = (word: string): boolean => word.length >= 4 && !/^\d/.test(word);

interface Word {
  readonly word: string;
  readonly bits: number;
}

function weighed(words: readonly string[], known: Frequencies): Word[] {
  return words.map((word) => ({ word, bits: -Math.log2(chanceOf(word, COMMON, known)) }));
}

/** The same for both orders of two addresses. */
const wordsOf = ({ left, right }: { left: Word; right: Word }): string =>
  [left.word, right.word].sort().join(' ');

/** Each word of the one with the same one of the other, then with the nearest that is left; the telling ones choose first. */
function matched(a: readonly Word[], b: readonly Word[]): number[] {
  const there = new Set(b.map(({ word }) => word));
  const here = new Set(a.map(({ word }) => word));
  const found = a.filter(({ word }) => there.has(word)).map(({ bits }) => bits);
  const lefts = a.filter(({ word }) => !there.has(word) && canSlip(word));
  const rights = b.filter(({ word }) => !here.has(word) && canSlip(word));
  const near = lefts.flatMap((left) =>
    rights.map((right) => {
      const bits = Math.min(left.bits, right.bits) * (NEAR_TELLS[nearness(left.word, right.word)] ?? 0);
      return { bits, left, right };
    }),
  );
  const taken = new Set<Word>();
  for (const { bits, left, right } of near.sort(
    (x, y) => y.bits - x.bits || (wordsOf(x) < wordsOf(y) ? -1 : 1),
  )) {
    if (bits === 0 || taken.has(left) || taken.has(right)) continue;
    taken.add(left).add(right);
    found.push(bits);
  }
  return found.sort((x, y) => y - x);
}

const sum = (words: readonly Word[]): number => words.reduce((bits, word) => bits + word.bits, 0);

function pairEvidence(a: readonly string[], b: readonly string[], known: Frequencies): Evidence {
  const [left, right] = [weighed(a, known), weighed(b, known)];
  const found = matched(left, right);
  const covered = found.reduce((bits, more) => bits + more, 0) / Math.min(sum(left), sum(right));
  const values: [string, string] = [a.join(' '), b.join(' ')];
  if (covered < PARTLY) return { field: 'address', how: 'different', values, ...ELSEWHERE };
  let tells = 0;
  let factor = 1;
  for (const bits of found) {
    tells += bits * factor;
    factor *= NEXT_TELLS;
  }
  const isSame = a.length === b.length && a.every((word, index) => word === b[index]);
  const how = isSame ? 'same' : covered >= ALIKE ? 'alike' : 'partly alike';
  // What is only partly the same may be a neighbour's.
  const bits = covered >= ALIKE ? tells - 0.5 : tells * 0.5 - 1;
  return { field: 'address', how, values, person: bits, kin: bits };
}

/** What the addresses say: of all pairs of addresses the one that is most alike. */
export function addressEvidence(a: PreparedRecord, b: PreparedRecord, known: Frequencies): Evidence[] {
  return a.addresses.flatMap((left) => b.addresses.map((right) => pairEvidence(left, right, known)));
}
