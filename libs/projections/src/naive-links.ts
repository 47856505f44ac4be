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
  /** The other party's in the event. */
  readonly place: number;
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
  const home = identifiers[homeOf(identifiers)];
  if (home === undefined || !linking(home.strength)) return [];
  return identifiers.flatMap(({ party, strength }, place) =>
    party === home.party || !linking(strength)
      ? []
      : [{ a: home.party, b: party, event, place, strength, at }],
  );
}

/** The stronger first, then the older, then the lesser event id, then what the event names first. */
export const compareLinks = (a: NaiveLink, b: NaiveLink): number =>
  compareStrengths(b.strength, a.strength) || compareMoments(a, b) || a.place - b.place;

/** Links, of each pair only the first by `compareLinks`. */
export class LinksOfPairs {
  readonly #byPair = new Map<string, NaiveLink>();

  add(link: NaiveLink): void {
    const pair = link.a < link.b ? `${link.a} ${link.b}` : `${link.b} ${link.a}`;
    const other = this.#byPair.get(pair);
    if (other === undefined || compareLinks(link, other) < 0) this.#byPair.set(pair, link);
  }

  /** In their order. */
  get all(): NaiveLink[] {
    return [...this.#byPair.values()].sort(compareLinks);
  }
}
