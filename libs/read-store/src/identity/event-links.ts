import type { Decision } from '@threadline/domain/identity/identity-links';
import { links, rank } from '@threadline/domain/identifier';
import type { LoggedEvent } from '../customers/decode.js';
import type { LinkRow } from './identity-rows.js';

/** An event links its home with each of its other identifiers that is neither shared nor a device's. */
export function linksOf({ parties, home, at, id, position }: LoggedEvent): LinkRow[] {
  const stands = parties[home];
  if (stands === undefined || !links(stands.strength)) return [];
  const found = new Map<number, LinkRow>();
  parties.forEach((other, place) => {
    if (other.key === stands.key || !links(other.strength)) return;
    const [a, b] = stands.key < other.key ? [stands.key, other.key] : [other.key, stands.key];
    const strength = Math.max(rank(stands.strength), rank(other.strength));
    const known = found.get(other.key);
    if (known === undefined || strength < known.strength)
      found.set(other.key, { a, b, strength, at, event: id, place, position });
  });
  return [...found.values()];
}

/** The parties that an event names without standing under them. */
export const mentionsOf = ({ parties, home }: LoggedEvent): Set<number> =>
  new Set(parties.map(({ key }) => key).filter((key) => key !== parties[home]?.key));

/** Somebody was seen with a shared identifier: a family's telephone, a company's address. */
export interface Relation {
  readonly shared: number;
  readonly party: number;
  readonly at: number;
  readonly position: number;
}

/** The home of an event is a member of each identifier that is named as shared beside it. */
export function relationsOf({ parties, home, at, position }: LoggedEvent): Relation[] {
  const stands = parties[home];
  if (stands === undefined || !links(stands.strength)) return [];
  const shared = new Set(
    parties.filter(({ key, strength }) => strength === 'shared' && key !== stands.key).map(({ key }) => key),
  );
  return [...shared].map((other) => ({ shared: other, party: stands.key, at, position }));
}

/** What a person decided, by handles; an event of `identity-…`. */
export function decisionOf({ id, at, type, parties, clear }: LoggedEvent): Decision {
  const named = parties.map(({ key }) => key);
  // One party may be named twice, in two spellings.
  const once = (side: readonly number[]): number[] => [...new Set(side)];
  if (type === 'identity.linked') return { event: id, at, parties: once(named) };
  const first = clear.firstSide ?? named.length;
  return { event: id, at, parties: once(named.slice(0, first)), rest: once(named.slice(first)) };
}
