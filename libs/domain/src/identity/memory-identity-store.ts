import {
  compareLinks,
  type Decision,
  type Link,
  type Party,
  type PartyTraits,
  type Refusal,
} from './identity-links.js';
import type { IdentityStore, ResolvedLink, WholeIdentity } from './identity-store.js';

const pairOf = (a: Party, b: Party): string => (a < b ? `${a}/${b}` : `${b}/${a}`);

/** Identity in memory: of one plan, one test, one look at the past. */
export class MemoryIdentityStore implements IdentityStore {
  readonly #traits = new Map<Party, PartyTraits>();
  readonly #customers = new Map<Party, Party>();
  readonly #members = new Map<Party, Set<Party>>();
  readonly #links = new Map<string, ResolvedLink>();
  readonly #linksOf = new Map<Party, Set<string>>();
  readonly #decisions: Decision[] = [];
  readonly #decisionsOf = new Map<Party, Set<number>>();
  readonly #neighbours = new Map<string, number>();
  readonly #slacks = new Map<Party, number>();

  /** A party that is met for the first time is a customer of its own. */
  setParty(party: Party, traits: PartyTraits): void {
    this.#traits.set(party, traits);
    if (this.#customers.has(party)) return;
    this.#customers.set(party, party);
    this.#members.set(party, new Set([party]));
  }

  putDecision(decision: Decision): void {
    const id = this.#decisions.push(decision) - 1;
    for (const party of [...decision.parties, ...(decision.rest ?? [])]) {
      const known = this.#decisionsOf.get(party);
      if (known === undefined) this.#decisionsOf.set(party, new Set([id]));
      else known.add(id);
    }
  }

  /** Every party, with its customer. */
  get customers(): ReadonlyMap<Party, Party> {
    return this.#customers;
  }

  get allLinks(): readonly ResolvedLink[] {
    return [...this.#links.values()].sort(compareLinks);
  }

  traits(party: Party): PartyTraits {
    const traits = this.#traits.get(party);
    if (traits === undefined) throw new Error('a party that was never met');
    return traits;
  }

  customerOf(party: Party): Party {
    return this.#customers.get(party) ?? party;
  }

  parties(customer: Party): Party[] {
    return [...(this.#members.get(customer) ?? [])];
  }

  members(customer: Party): [Party, PartyTraits][] {
    return this.parties(customer).map((party) => [party, this.traits(party)]);
  }

  size(customer: Party): number {
    return this.#members.get(customer)?.size ?? 0;
  }

  count(customer: Party, kind: string): number {
    return this.parties(customer).filter((party) => this.traits(party).kind === kind).length;
  }

  links(customer: Party): ResolvedLink[] {
    const names = new Set(this.parties(customer).flatMap((party) => [...(this.#linksOf.get(party) ?? [])]));
    return [...names].map((name) => this.#links.get(name) as ResolvedLink);
  }

  link(a: Party, b: Party): ResolvedLink | undefined {
    return this.#links.get(pairOf(a, b));
  }

  decisions(customer: Party): number[] {
    return [...new Set(this.parties(customer).flatMap((party) => [...(this.#decisionsOf.get(party) ?? [])]))];
  }

  decision(id: number): Decision {
    return this.#decisions[id] as Decision;
  }

  unlinks(customer: Party): string[] {
    const found = this.decisions(customer).map((id) => this.decision(id));
    return found.flatMap(({ event, rest }) => (rest === undefined ? [] : [event]));
  }

  hasRefused(customer: Party): boolean {
    return this.links(customer).some(
      ({ refusal }) =>
        refusal !== undefined && refusal.rule !== 'blocked-value' && refusal.rule !== 'fan-out',
    );
  }

  slack(customer: Party): number | undefined {
    return this.#slacks.get(customer);
  }

  whole(): WholeIdentity {
    const parties = [...this.#customers].map(
      ([party, customer]) => [party, { customer, traits: this.traits(party) }] as const,
    );
    return {
      parties: new Map(parties),
      links: [...this.#links.values()],
      decisions: this.#decisions,
      slacks: this.#slacks,
    };
  }

  countNeighbour(party: Party, kind: string): number {
    const name = `${party}/${kind}`;
    const count = (this.#neighbours.get(name) ?? 0) + 1;
    this.#neighbours.set(name, count);
    return count;
  }

  close(party: Party): void {
    const traits = this.traits(party);
    this.#traits.set(party, { ...traits, never: traits.never ?? 'fan-out' });
  }

  putLink({ a, b, strength, at, event, place }: Link, refusal: Refusal | undefined): void {
    const name = pairOf(a, b);
    this.#links.set(name, { a, b, strength, at, event, place, refusal });
    for (const party of [a, b]) {
      const known = this.#linksOf.get(party);
      if (known === undefined) this.#linksOf.set(party, new Set([name]));
      else known.add(name);
    }
  }

  relabel(parties: readonly Party[], customer: Party): void {
    for (const party of parties) {
      this.#members.get(this.customerOf(party))?.delete(party);
      this.#customers.set(party, customer);
      const members = this.#members.get(customer);
      if (members === undefined) this.#members.set(customer, new Set([party]));
      else members.add(party);
    }
  }

  setSlack(customer: Party, slack: number | undefined): void {
    if (slack === undefined) this.#slacks.delete(customer);
    else this.#slacks.set(customer, slack);
  }
}
