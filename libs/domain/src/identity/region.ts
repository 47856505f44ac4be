import type { Decision, Party, PartyTraits } from './identity-links.js';
import type { IdentityStore, ResolvedLink } from './identity-store.js';
import { neverOf, type Identity } from './resolve-identity.js';

/** The customers that are computed again, as they were before. */
export class Region {
  readonly #customers = new Map<Party, Party[]>();
  readonly #of = new Map<Party, Party>();
  readonly #closed = new Set<Party>();
  readonly #traits = new Map<Party, PartyTraits>();
  readonly #decisions = new Map<number, Decision>();

  constructor(private readonly store: IdentityStore) {}

  add(customer: Party): void {
    if (this.#customers.has(customer)) return;
    const parties: Party[] = [];
    for (const [party, traits] of this.store.members(customer)) {
      parties.push(party);
      this.#of.set(party, customer);
      this.#traits.set(party, traits);
    }
    this.#customers.set(customer, parties);
  }

  /** With every customer that a decision on one of them names. */
  close(): void {
    for (const customer of this.#customers.keys()) {
      if (this.#closed.has(customer)) continue;
      this.#closed.add(customer);
      for (const id of this.store.decisions(customer)) {
        if (this.#decisions.has(id)) continue;
        const decision = this.store.decision(id);
        this.#decisions.set(id, decision);
        // Customers that are added while the map is walked through are walked through as well.
        for (const party of decision.parties) this.add(this.store.customerOf(party));
        for (const party of decision.rest ?? []) this.add(this.store.customerOf(party));
      }
    }
  }

  traits(party: Party): PartyTraits {
    let traits = this.#traits.get(party);
    if (traits === undefined) this.#traits.set(party, (traits = this.store.traits(party)));
    return traits;
  }

  slackOf(customer: Party): number | undefined {
    return this.store.slack(customer);
  }

  get decisions(): Decision[] {
    return [...this.#decisions.values()];
  }

  holds(party: Party): boolean {
    return this.#of.has(party);
  }

  customerOf(party: Party): Party {
    return this.#of.get(party) as Party;
  }

  parties(): Iterable<Party> {
    return this.#of.keys();
  }

  /** The customers of which a link joins no longer, and those whose parties would be others. */
  *changed(inside: readonly ResolvedLink[], { refused, customerOf }: Identity): Iterable<Party> {
    for (const [index, { a, b, refusal }] of inside.entries()) {
      if (refusal !== undefined || refused[index] === undefined) continue;
      yield this.customerOf(a);
      yield this.customerOf(b);
    }
    const now = new Map<Party, Party>();
    const before = new Map<Party, Party>();
    for (const [party, customer] of this.#of) {
      const root = customerOf(party);
      const [elsewhere, other] = [now.get(customer), before.get(root)];
      if (elsewhere === undefined) now.set(customer, root);
      else if (elsewhere !== root) yield customer;
      if (other === undefined) before.set(root, customer);
      else if (other !== customer) {
        yield customer;
        yield other;
      }
    }
  }

  /**
   * Those between its parties; those that lead out of it: refused, all of them; and of these apart what an end refuses
   * whatever stands on either side: that leads nowhere.
   */
  links(): { inside: ResolvedLink[]; across: ResolvedLink[]; closed: ResolvedLink[] } {
    const inside = new Map<string, ResolvedLink>();
    const across: ResolvedLink[] = [];
    const closed: ResolvedLink[] = [];
    for (const customer of this.#customers.keys()) {
      for (const link of this.store.links(customer)) {
        if (this.holds(link.a) && this.holds(link.b)) inside.set(`${link.a}/${link.b}`, link);
        else (this.isClosed(link) ? closed : across).push(link);
      }
    }
    return { inside: [...inside.values()], across, closed };
  }

  private isClosed({ a, b }: ResolvedLink): boolean {
    return neverOf(this.traits(a), this.traits(b)) !== undefined;
  }
}
