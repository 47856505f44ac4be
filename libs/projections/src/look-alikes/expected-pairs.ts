import type { Comparison } from './compare-records.js';

/** How likely any two of the records are one person, and of one household, before they are compared: log2 of the odds. */
export interface Expected {
  readonly person: number;
  readonly kin: number;
}

/** Fewer records than these are taken for a part of a greater whole. */
const LEAST_RECORDS = 1_000;
/** What is expected of a record before any was seen: so many more of the same person, and so many of kin. */
const COPIES = 1;
const KIN = 3;
/** As many records as that expectation is worth. */
const WORTH = 200;
const ROUNDS = 10;

/** log2 of the odds that two records are one person, against kin and strangers. */
export function oddsOf({ person, kin }: Comparison, expected: Expected): number {
  const bits = person + expected.person;
  return -Math.log2(2 ** -bits + 2 ** (kin + expected.kin - bits));
}

/** Odds as a score from 0 to 1. */
export const scoreOf = (odds: number): number => 1 / (1 + 2 ** -odds);

/**
 * Learns from the records themselves, without anybody's word, how many copies and kin each has: expectation and
 * maximisation in turn, of these two numbers alone. All else is the same for every set.
 */
export function expectedPairs(found: readonly Comparison[], records: number): Expected {
  const others = Math.max(records, LEAST_RECORDS);
  // Pairs among so many records, of which each has one such record.
  const bits = (perRecord: number): number => Math.log2(perRecord / others);
  let expected: Expected = { person: bits(COPIES), kin: bits(KIN) };
  for (let round = 0; round < ROUNDS; round++) {
    let [persons, kins] = [0, 0];
    for (const { person, kin } of found) {
      const [one, related] = [2 ** (person + expected.person), 2 ** (kin + expected.kin)];
      const all = 1 + one + related;
      persons += one / all;
      kins += related / all;
    }
    // A pair is one of either record's.
    const per = (pairs: number, before: number): number => (2 * pairs + before * WORTH) / (records + WORTH);
    expected = { person: bits(per(persons, COPIES)), kin: bits(per(kins, KIN)) };
  }
  return expected;
}
