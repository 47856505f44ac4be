/**
 * The design's *Identity*, in its two steps and from the whole set at once: people's decisions, newest first, and then
 * the automatic links, the strongest, oldest, least first. Where the text is silent, this is how it is read:
 * - A link whose end never links is refused also where it would join nothing; no other rule refuses such a one.
 * - On a side of an unlink is whoever is joined with somebody whom the unlink names there.
 * - Of a decision's parties each is joined with the first, in the order in which they are named.
 */
import { compareLinks, type NaiveLink } from './naive-links.js';
import { compareMoments } from './naive-order.js';
import { blocker, type NaiveRules } from './naive-rules.js';
import { areApart, areBothHeavy, Sides, tell, type NaiveNode } from './naive-sides.js';

/** What a person said. Parties by id. */
export interface NaiveDecision {
  readonly event: string;
  readonly at: number;
  readonly type: 'link' | 'unlink';
  readonly parties: readonly string[];
  /** Of an unlink: the rest of the customer as it was then. */
  readonly rest: readonly string[];
}

/** What a decision to link asks for. */
export interface NaivePair {
  readonly a: string;
  readonly b: string;
  readonly event: string;
  readonly at: number;
}

export type NaiveRefusal = 'blocked-value' | 'fan-out' | 'unlinked' | 'one-per-person' | 'review';

export type NaiveRefused = NaiveLink & { readonly rule: NaiveRefusal };

export interface NaiveIdentity {
  /** Everybody who is one person with this party, itself included. */
  readonly membersOf: (party: string) => readonly NaiveNode[];
  /** Of the automatic links those that hold, and those that do not. */
  readonly links: NaiveLink[];
  readonly refused: NaiveRefused[];
  /** Of the decisions' pairs those that hold, and those that a newer unlink keeps apart. */
  readonly decided: NaivePair[];
  readonly undone: NaivePair[];
  /** The unlinks that hold, and for whom of their parties. */
  readonly unlinks: { readonly event: string; readonly parties: readonly string[] }[];
}

/** `links`: of each pair one. Whoever is in a link or a decision is among `parties`. */
export function naiveIdentity(
  parties: Iterable<NaiveNode>,
  links: readonly NaiveLink[],
  decisions: readonly NaiveDecision[],
  rules: NaiveRules,
): NaiveIdentity {
  const sides = new Sides(parties, new Map(Object.entries(rules.limits)));
  const identity: NaiveIdentity = {
    membersOf: (party) => sides.of(party).members,
    ...{ links: [], refused: [], decided: [], undone: [], unlinks: [] },
  };

  for (const decision of [...decisions].sort(compareMoments).reverse()) {
    const { type, event, at } = decision;
    if (type === 'link') {
      const [a = '', ...others] = new Set(decision.parties);
      for (const b of others) {
        const pair = { a, b, event, at };
        if (areApart(sides.of(a), sides.of(b))) identity.undone.push(pair);
        else {
          sides.join(sides.of(a), sides.of(b));
          identity.decided.push(pair);
        }
      }
    } else {
      const rest = new Set(decision.rest.map((party) => sides.of(party)));
      const gone = [...new Set(decision.parties)].filter((party) => !rest.has(sides.of(party)));
      if (gone.length === 0) continue;
      for (const party of gone) tell(sides.of(party), decision, 'parties');
      for (const side of rest) tell(side, decision, 'rest');
      identity.unlinks.push({ event, parties: gone });
    }
  }

  const isBlocked = blocker(rules);
  const isSpread = spread(links, sides, rules);
  const refusalOf = (link: NaiveLink): NaiveRefusal | undefined => {
    const ends = [sides.node(link.a), sides.node(link.b)];
    const [a, b] = [sides.of(link.a), sides.of(link.b)];
    if (ends.some(({ kind, value }) => isBlocked(kind, value))) return 'blocked-value';
    if (ends.some(({ id }) => isSpread.has(id))) return 'fan-out';
    if (a === b) return undefined;
    if (sides.areTwoPeople(a, b)) return 'one-per-person';
    if (areApart(a, b)) return 'unlinked';
    if (areBothHeavy(a, b, rules.firewall.parties, link.at)) return 'review';
    return undefined;
  };
  for (const link of [...links].sort(compareLinks)) {
    const rule = refusalOf(link);
    if (rule !== undefined) identity.refused.push({ ...link, rule });
    else {
      sides.join(sides.of(link.a), sides.of(link.b));
      identity.links.push(link);
    }
  }
  return identity;
}

/** Who is linked directly with too many different values of one kind, whatever became of those links. */
function spread(links: readonly NaiveLink[], sides: Sides, { fanOut }: NaiveRules): ReadonlySet<string> {
  const most = new Map(Object.entries(fanOut.most));
  const exempt = new Set(fanOut.exempt);
  const counts = new Map<string, number>();
  const found = new Set<string>();
  for (const { a, b } of links) {
    for (const [end, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { kind } = sides.node(other);
      const limit = most.get(kind);
      if (limit === undefined || exempt.has(sides.node(end).kind)) continue;
      const count = (counts.get(`${end} ${kind}`) ?? 0) + 1;
      counts.set(`${end} ${kind}`, count);
      if (count > limit) found.add(end);
    }
  }
  return found;
}
