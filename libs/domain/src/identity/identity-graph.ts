import {
  compareLinks,
  type Decision,
  type Link,
  type Party,
  type PartyTraits,
  type Refusal,
} from './identity-links.js';
import type { IdentityRules } from './identity-rules.js';
import type { IdentityStore, ResolvedLink } from './identity-store.js';
import { Region } from './region.js';
import { decide, neverOf, resolveIdentity, type Identity } from './resolve-identity.js';
import { Sides } from './sides.js';

/** The customers that are computed again, as they were. */
interface Before {
  parties(): Iterable<Party>;
  customerOf(party: Party): Party;
  slackOf(customer: Party): number | undefined;
}

/**
 * Keeps customers up to date while links and decisions come in, in any order; equal, after each, to `resolveIdentity` of
 * the whole set. Sides that only grow never lift a refusal: as long as every link that joined goes on to join, customers
 * stay as they are. So a link that nothing stands against costs the relabelling of one of two customers. Where
 * something does, the customers that it touches are computed again, widened across every refused link that leads out of
 * one that changed.
 */
export class IdentityGraph {
  readonly #kinds: readonly [kind: string, limit: number][];
  /** Of customers with more values of a kind than rules allow: see `#isJoinedByPeople`. */
  readonly #joined = new Map<string, boolean>();

  constructor(
    private readonly store: IdentityStore,
    private readonly rules: IdentityRules,
  ) {
    this.#kinds = Object.entries(rules.limits);
  }

  /** Takes a link of an event; of one pair only the first by `compareLinks` counts. */
  addLink(link: Link): void {
    const { store } = this;
    const known = store.link(link.a, link.b);
    if (known !== undefined && compareLinks(link, known) >= 0) return;
    const [one, other] = [store.customerOf(link.a), store.customerOf(link.b)];
    if (known === undefined) {
      const closed = [...this.#countNeighbour(link.a, link.b), ...this.#countNeighbour(link.b, link.a)];
      if (closed.length > 0) {
        store.putLink(link, undefined);
        for (const party of closed) store.close(party);
        this.#recompute([one, other], new Set([one, other]));
        return;
      }
    }
    const never = neverOf(store.traits(link.a), store.traits(link.b));
    if (never !== undefined) {
      store.putLink(link, never);
      return;
    }
    store.putLink(link, undefined);
    if (!this.#isHarmless(one, other)) this.#recompute([one, other], new Set([one, other]));
    else if (one !== other) this.#join(one, other);
  }

  /** The party, if it fans out from now on. */
  #countNeighbour(party: Party, other: Party): Party[] {
    const { most, exempt } = this.rules.fanOut;
    const { kind } = this.store.traits(other);
    const limit = Object.hasOwn(most, kind) ? most[kind] : undefined;
    if (limit === undefined || exempt.includes(this.store.traits(party).kind)) return [];
    if (this.store.countNeighbour(party, kind) !== limit + 1) return [];
    return [party];
  }

  /** Takes a decision that the store has already. */
  addDecision({ parties, rest = [] }: Decision): void {
    const touched = new Set([...parties, ...rest].map((party) => this.store.customerOf(party)));
    this.#recompute([...touched], touched);
  }

  /** Computes all customers again: the rules, or what they look at, are others now. */
  recomputeAll(): void {
    const { parties, links, decisions, slacks } = this.store.whole();
    const known = (party: Party): { readonly customer: Party; readonly traits: PartyTraits } => {
      const found = parties.get(party);
      if (found === undefined) throw new Error('a party that was never met');
      return found;
    };
    const identity = resolveIdentity(
      { links, decisions, traits: (party) => known(party).traits },
      this.rules,
    );
    const before = {
      parties: () => parties.keys(),
      customerOf: (party: Party) => known(party).customer,
      slackOf: (customer: Party) => slacks.get(customer),
    };
    this.#apply(before, links, identity);
  }

  /** A party was seen before the time that it was first seen at until now: a firewall counts by that. */
  seenEarlier(party: Party): void {
    const customer = this.store.customerOf(party);
    if (this.#isSmall(this.store.size(customer))) return;
    if ((this.store.slack(customer) ?? -1) < 0) this.#recompute([customer], new Set([customer]));
  }

  /** Neither side can outweigh the firewall as long as both together have no more than twice as many. */
  #isSmall(size: number): boolean {
    return size <= 2 * this.rules.firewall.parties;
  }

  /** Nothing can stand between any parts of these two, whatever the order, and no refusal has another reason by it. */
  #isHarmless(one: Party, other: Party): boolean {
    if (one === other) {
      const { store } = this;
      const isFull = this.#kinds.some(([kind, limit]) => {
        const count = store.count(one, kind);
        return count > limit && !this.#isJoinedByPeople(one, kind, count);
      });
      if (isFull || store.hasRefused(one)) return false;
      return this.#isSmall(store.size(one)) || this.#mayThicken(one);
    }
    return this.#mayMeet(one, other) && (this.#isSmall(this.#sizeOf(one, other)) || this.#grows(one, other));
  }

  /** Whether people joined all the customer's values of a kind: then no link comes between any two of them. */
  #isJoinedByPeople(customer: Party, kind: string, count: number): boolean {
    const name = `${customer}/${kind}/${count}`;
    let joined = this.#joined.get(name);
    if (joined === undefined) {
      const { store } = this;
      const decisions = store.decisions(customer).map((id) => store.decision(id));
      const sides = new Sides([], () => '');
      decide(sides, decisions);
      const values = store.members(customer).filter(([, traits]) => traits.kind === kind);
      joined = new Set(values.map(([party]) => sides.side(party))).size === 1;
      this.#joined.set(name, joined);
    }
    return joined;
  }

  /** What the store held was taken back: nothing that was seen in it is remembered. */
  forget(): void {
    this.#joined.clear();
  }

  #sizeOf(one: Party, other: Party): number {
    return this.store.size(one) + this.store.size(other);
  }

  #mayMeet(one: Party, other: Party): boolean {
    const { store } = this;
    const unlinks = store.unlinks(one);
    const others = unlinks.length === 0 ? [] : store.unlinks(other);
    if (others.some((event) => unlinks.includes(event))) return false;
    const counts = this.#kinds.map(
      ([kind, limit]) => [store.count(one, kind), store.count(other, kind), limit] as const,
    );
    if (counts.some(([a, b, limit]) => a > 0 && b > 0 && a + b > limit)) return false;
    const isPlain = (customer: Party, side: 0 | 1): boolean =>
      counts.every((count) => count[side] === 0) && store.unlinks(customer).length === 0;
    return (isPlain(other, 1) || !store.hasRefused(one)) && (isPlain(one, 0) || !store.hasRefused(other));
  }

  /**
   * Whether one more link between a customer's own parties may come in between any two of its joins; remembers that it
   * did. It brings two parts together earlier that each were the lighter side later: at most twice the greatest of these.
   */
  #mayThicken(customer: Party): boolean {
    const left = 2 * (this.store.slack(customer) ?? -1) - this.rules.firewall.parties;
    if (left < 0) return false;
    this.store.setSlack(customer, left);
    return true;
  }

  /** Whether the larger of the two may grow by the smaller; remembers that it did. */
  #grows(one: Party, other: Party): boolean {
    const { store } = this;
    const [large, small] = store.size(one) >= store.size(other) ? [one, other] : [other, one];
    const size = store.size(small);
    if (size > this.rules.firewall.parties) return false;
    const left = (store.slack(large) ?? -1) - size;
    if (left < 0) return false;
    store.setSlack(large, left);
    return true;
  }

  /**
   * Under the lesser label, which is the least party of both. Parties are numbered at random: whatever the order of the
   * joins, the larger of n and m parties is relabelled once in (n + m) / min(n, m) times, so that a join is expected to cost
   * less than twice the smaller.
   */
  #join(one: Party, other: Party): void {
    const { store } = this;
    const [to, from] = one < other ? [one, other] : [other, one];
    if (!this.#isSmall(this.#sizeOf(one, other)) && store.size(from) > store.size(to))
      store.setSlack(to, store.slack(from));
    store.relabel(store.parties(from), to);
  }

  /** Computes customers again, of which these have changed. */
  #recompute(customers: readonly Party[], given: ReadonlySet<Party>): void {
    const region = new Region(this.store);
    for (const customer of customers) region.add(customer);
    const changed = new Set(given);
    for (;;) {
      region.close();
      const { inside, across, closed } = region.links();
      const identity = resolveIdentity(
        { links: inside, decisions: region.decisions, traits: (party) => region.traits(party) },
        this.rules,
      );
      for (const customer of region.changed(inside, identity)) changed.add(customer);
      const further = across.flatMap(({ a, b }) => {
        const [mine, other] = region.holds(a) ? [a, b] : [b, a];
        return changed.has(region.customerOf(mine)) ? [this.store.customerOf(other)] : [];
      });
      if (further.length === 0) {
        for (const link of closed)
          this.#refuse(link, neverOf(this.store.traits(link.a), this.store.traits(link.b)));
        this.#apply(region, inside, identity);
        return;
      }
      for (const customer of further) region.add(customer);
    }
  }

  #refuse(link: ResolvedLink, refusal: Refusal | undefined): void {
    if (refusal?.rule !== link.refusal?.rule || refusal?.because !== link.refusal?.because)
      this.store.putLink(link, refusal);
  }

  /** Writes what became of these customers; `before` is what they were. */
  #apply(before: Before, inside: readonly ResolvedLink[], identity: Identity): void {
    const { store } = this;
    this.#joined.clear();
    inside.forEach((link, index) => this.#refuse(link, identity.refused[index]));
    const groups = new Map<Party, Party[]>();
    for (const party of before.parties()) {
      const label = identity.customerOf(party);
      const group = groups.get(label);
      if (group === undefined) groups.set(label, [party]);
      else group.push(party);
    }
    const moves: [Party[], Party][] = [];
    for (const [label, group] of groups) {
      const moved = group.filter((party) => before.customerOf(party) !== label);
      if (moved.length > 0) moves.push([moved, label]);
      const slack = this.#isSmall(group.length)
        ? undefined
        : this.rules.firewall.parties - identity.lighterOf(label);
      if (slack !== before.slackOf(label)) store.setSlack(label, slack);
    }
    for (const [moved, label] of moves) store.relabel(moved, label);
  }
}
