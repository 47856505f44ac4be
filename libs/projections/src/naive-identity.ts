import type { Strength } from '@threadline/domain/identifier';
import { compareMoments } from './naive-order.js';

const ORDER: readonly Strength[] = ['verified', 'claimed', 'inferred', 'shared', 'device'];

/** Above zero where `a` is the stronger. */
export const compareStrengths = (a: Strength, b: Strength): number => ORDER.indexOf(b) - ORDER.indexOf(a);

const linking = (strength: Strength): boolean => strength !== 'shared' && strength !== 'device';

/** The place of the home among an event's identifiers: the strongest, of equals the first listed; -1 of none. */
export function homeOf(identifiers: readonly { readonly strength: Strength }[]): number {
  let home = -1;
  for (const [place, { strength }] of identifiers.entries()) {
    const best = identifiers[home];
    if (best === undefined || compareStrengths(strength, best.strength) > 0) home = place;
  }
  return home;
}

/** Evidence of one event that its home (`a`) and another party (`b`) are one person. */
export interface NaiveLink {
  readonly a: string;
  readonly b: string;
  readonly event: string;
  /** The weaker of the two. */
  readonly strength: Strength;
  readonly at: number;
}

/** What one event links. Never a party with itself. */
export function linksOf(
  event: string,
  at: number,
  identifiers: readonly { readonly party: string; readonly strength: Strength }[],
): NaiveLink[] {
  const place = homeOf(identifiers);
  const home = identifiers[place];
  if (home === undefined || !linking(home.strength)) return [];
  return identifiers
    .filter((other) => other.party !== home.party && linking(other.strength))
    .map((other) => ({ a: home.party, b: other.party, event, strength: other.strength, at }));
}

/** The stronger first, then the older, then the lesser event id: the first of a pair is the one that counts. */
export function compareLinks(a: NaiveLink, b: NaiveLink): number {
  return compareStrengths(b.strength, a.strength) || compareMoments(a, b);
}

/** Every party that is in a link, with one party that stands for its customer. The whole of identity is in here. */
export function customersOf(links: Iterable<NaiveLink>): (party: string) => string {
  const towards = new Map<string, string>();
  const root = (party: string): string => {
    let top = party;
    for (let next = towards.get(top); next !== undefined; next = towards.get(top)) top = next;
    for (let here = party; here !== top;) {
      const next = towards.get(here) ?? top;
      towards.set(here, top);
      here = next;
    }
    return top;
  };
  for (const { a, b } of links) {
    const left = root(a);
    const right = root(b);
    if (left !== right) towards.set(left, right);
  }
  return root;
}
