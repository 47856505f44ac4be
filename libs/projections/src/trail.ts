import { compareRefs, type PlacedRef } from './refs.js';

/** So many of what was overruled are named; of the rest it is said how many there are. */
export const NAMED = 5;

/** All the statements of one thing: how many, and the latest of them. */
export interface Trail {
  /** How many stand. */
  count: number;
  /** The latest of them, latest first: the first is what the card shows. */
  latest: PlacedRef[];
  /** How many others a newer version of their own interaction has superseded. */
  superseded: number;
  versions: PlacedRef[];
}

/**
 * What the values of a card have overruled, by subject: `fact/<slot>`, `promise/<token>`, `profile/<field>`,
 * `consent/<key>`, `survey/<metric>`, `name` are what somebody stated; of `purchase`, `word` and `visit` only superseded
 * versions are kept. References and nothing else; `combineReasons` is associative and commutative, with the empty map as
 * its zero.
 */
export type Reasons = Map<string, Trail>;

export type ByTime = (a: PlacedRef, b: PlacedRef) => number;

/** Of one event the later place stands. Positive when `a` is later. */
export const compareStatements: ByTime = (a, b) => compareRefs(a, b) || a[3] - b[3];

/** Keeps the latest `limit`, latest first. */
export function keepRef(into: PlacedRef[], ref: PlacedRef, limit: number, compare: ByTime): void {
  let place = into.length;
  while (place > 0 && compare(into[place - 1] as PlacedRef, ref) < 0) place--;
  if (place >= limit) return;
  into.splice(place, 0, ref);
  if (into.length > limit) into.length = limit;
}

function trailOf(into: Reasons, subject: string): Trail {
  let trail = into.get(subject);
  if (trail === undefined) into.set(subject, (trail = { count: 0, latest: [], superseded: 0, versions: [] }));
  return trail;
}

export function addReason(into: Reasons, subject: string, ref: PlacedRef): void {
  const trail = trailOf(into, subject);
  trail.count++;
  keepRef(trail.latest, ref, NAMED + 1, compareStatements);
}

export function addSuperseded(into: Reasons, subject: string, ref: PlacedRef): void {
  const trail = trailOf(into, subject);
  trail.superseded++;
  keepRef(trail.versions, ref, NAMED, compareStatements);
}

/** Adds `from` to `into`. */
export function combineReasons(into: Reasons, from: Reasons): void {
  for (const [subject, { count, latest, superseded, versions }] of from) {
    const trail = trailOf(into, subject);
    trail.count += count;
    trail.superseded += superseded;
    for (const ref of latest) keepRef(trail.latest, ref, NAMED + 1, compareStatements);
    for (const ref of versions) keepRef(trail.versions, ref, NAMED, compareStatements);
  }
}
