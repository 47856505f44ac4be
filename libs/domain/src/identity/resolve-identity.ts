import {
  compareDecisions,
  compareLinks,
  type Decision,
  type Link,
  type Party,
  type PartyTraits,
  type Refusal,
} from './identity-links.js';
import type { IdentityRules } from './identity-rules.js';
import { Sides } from './sides.js';

/** What customers are computed from. */
export interface IdentityEvidence {
  /** One of each pair: the first by `compareLinks`. In any order. */
  readonly links: readonly Link[];
  /** In any order. */
  readonly decisions: readonly Decision[];
  /** Of every party that a link or a decision names. */
  readonly traits: (party: Party) => PartyTraits;
}

/** A part of a person's decision that does not count: a newer unlink stands against it. */
export interface RefusedDecision {
  readonly event: string;
  readonly parties: readonly [Party, Party];
  /** The event of that unlink. */
  readonly because: string;
}

export interface Identity {
  /** Stands for the customer: one of its parties. A party that nothing names stands for itself. */
  readonly customerOf: (party: Party) => Party;
  /** By the link's place in `links`: why it does not join; undefined where it does. */
  readonly refused: readonly (Refusal | undefined)[];
  readonly refusedDecisions: readonly RefusedDecision[];
  /** Unlinks that hold, and for whom. */
  readonly held: ReadonlyMap<string, readonly Party[]>;
  /** Of the joins by links that made the customer of this party, the greatest lighter side. */
  readonly lighterOf: (party: Party) => number;
}

/**
 * Customers are this function of the set of links and decisions, and of the rules: people's decisions first, the newest
 * before the others; then links, the strongest and oldest first. Nothing depends on the order in which they are given.
 */
export function resolveIdentity(
  { links, decisions, traits }: IdentityEvidence,
  rules: IdentityRules,
): Identity {
  const kinds = Object.keys(rules.limits);
  const limits = Object.values(rules.limits);
  const sides = new Sides(kinds, (party) => traits(party).kind);
  const { refusedDecisions, held } = decide(sides, decisions);
  const refused: (Refusal | undefined)[] = new Array<Refusal | undefined>(links.length).fill(undefined);
  const firewall = rules.firewall.parties;

  const refusalOf = (link: Link, one: number, other: number): Refusal | undefined => {
    const never = neverOf(traits(link.a), traits(link.b));
    if (never !== undefined) return never;
    if (one === other) return undefined;
    // Before what people said: a merge that was taken back leaves the reason that was there before it.
    const kind = sides.tooMany(one, other, limits);
    if (kind !== undefined) return { rule: 'one-per-person', because: kind };
    const apart = sides.apart(one, other);
    if (apart !== undefined) return { rule: 'unlinked', because: apart.event };
    if (Math.min(sides.size(one), sides.size(other)) <= firewall) return undefined;
    const isHeavy = (side: number): boolean =>
      hasMore(sides.members(side), firewall, (party) => traits(party).first < link.at);
    return isHeavy(one) && isHeavy(other) ? { rule: 'review' } : undefined;
  };

  for (const index of inOrder(links)) {
    const link = links[index] as Link;
    const [one, other] = [sides.side(link.a), sides.side(link.b)];
    const refusal = refusalOf(link, one, other);
    if (refusal === undefined) sides.join(one, other, true);
    else refused[index] = refusal;
  }
  return {
    customerOf: (party) => sides.party(sides.side(party)),
    refused,
    refusedDecisions,
    held,
    lighterOf: (party) => sides.lighter(sides.side(party)),
  };
}

/** Why a link between these never joins. */
export function neverOf(a: PartyTraits, b: PartyTraits): Refusal | undefined {
  if (a.never === undefined && b.never === undefined) return undefined;
  const isBlocked = a.never === 'blocked-value' || b.never === 'blocked-value';
  return { rule: isBlocked ? 'blocked-value' : 'fan-out' };
}

/** Step one: people's decisions, newest first. */
export function decide(
  sides: Sides,
  decisions: readonly Decision[],
): Pick<Identity, 'refusedDecisions' | 'held'> {
  const refusedDecisions: RefusedDecision[] = [];
  const held = new Map<string, readonly Party[]>();
  for (const { event, parties, rest } of [...decisions].sort(compareDecisions)) {
    if (rest !== undefined) {
      const there = new Set(rest.map((party) => sides.side(party)));
      const apart = parties.filter((party) => !there.has(sides.side(party)));
      if (apart.length === 0) continue;
      sides.keepApart(event, apart, rest);
      held.set(event, apart);
      continue;
    }
    const [first, ...others] = parties;
    if (first === undefined) continue;
    for (const party of others) {
      const apart = sides.apart(sides.side(first), sides.side(party));
      if (apart === undefined) sides.join(sides.side(first), sides.side(party), false);
      else refusedDecisions.push({ event, parties: [first, party], because: apart.event });
    }
  }
  return { refusedDecisions, held };
}

function inOrder(links: readonly Link[]): Uint32Array {
  const order = Uint32Array.from(links.keys());
  return order.sort((x, y) => compareLinks(links[x] as Link, links[y] as Link));
}

function hasMore(parties: Iterable<Party>, count: number, counts: (party: Party) => boolean): boolean {
  let found = 0;
  for (const party of parties) if (counts(party) && ++found > count) return true;
  return false;
}

/**
 * Whom each party is linked with directly, by kind: a value of a kind that is not exempt which is linked with more values
 * of a kind than the rules allow is many people's, and never links. `links` has one of each pair.
 */
export function fanOuts(
  links: Iterable<Pick<Link, 'a' | 'b'>>,
  kindOf: (party: Party) => string,
  { most, exempt }: IdentityRules['fanOut'],
): ReadonlySet<Party> {
  const counts = new Map<string, Map<Party, number>>(Object.keys(most).map((kind) => [kind, new Map()]));
  const tooMany = new Set<Party>();
  const count = (party: Party, kind: string, other: string): void => {
    const limit = Object.hasOwn(most, other) ? most[other] : undefined;
    if (limit === undefined || exempt.includes(kind)) return;
    const of = counts.get(other) as Map<Party, number>;
    const now = (of.get(party) ?? 0) + 1;
    of.set(party, now);
    if (now > limit) tooMany.add(party);
  };
  for (const { a, b } of links) {
    const [x, y] = [kindOf(a), kindOf(b)];
    count(a, x, y);
    count(b, y, x);
  }
  return tooMany;
}
