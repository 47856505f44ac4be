import type { Decision, Link, Party, PartyTraits, Refusal } from './identity-links.js';

/** A link that counts for its pair, with what became of it. */
export interface ResolvedLink extends Link {
  readonly refusal: Refusal | undefined;
}

/** All that is known of who is who. */
export interface WholeIdentity {
  readonly parties: ReadonlyMap<Party, { readonly customer: Party; readonly traits: PartyTraits }>;
  /** Of each pair the one that counts. */
  readonly links: readonly ResolvedLink[];
  readonly decisions: readonly Decision[];
  readonly slacks: ReadonlyMap<Party, number>;
}

/**
 * Where identity is kept: parties with the label of their customer (one of its parties), of each pair the link that
 * counts, decisions. What is asked for is of the present, with all that was written before.
 */
export interface IdentityStore {
  traits(party: Party): PartyTraits;
  customerOf(party: Party): Party;
  parties(customer: Party): Party[];
  /** The same with their traits. */
  members(customer: Party): (readonly [party: Party, traits: PartyTraits])[];
  size(customer: Party): number;
  /** How many parties of that kind the customer has. */
  count(customer: Party, kind: string): number;
  /** The links of the customer's parties, also those that lead elsewhere; each once. */
  links(customer: Party): ResolvedLink[];
  /** The link that counts for a pair. */
  link(a: Party, b: Party): ResolvedLink | undefined;
  /** The decisions that name any of the customer's parties, as the store calls them. */
  decisions(customer: Party): number[];
  decision(id: number): Decision;
  /** The events of those that are unlinks. */
  unlinks(customer: Party): readonly string[];
  /** Whether any of its links is refused for what stands on its sides (and not because an end never links). */
  hasRefused(customer: Party): boolean;
  /** How much a side may still grow before a firewall has to be thought of again: see `IdentityGraph`. */
  slack(customer: Party): number | undefined;
  /** At once: what is asked of one customer after the other costs a visit each. */
  whole(): WholeIdentity;

  /** Counts one more party of that kind that this one is linked with directly; answers how many there are. */
  countNeighbour(party: Party, kind: string): number;
  /** The party never links from now on: it fans out. */
  close(party: Party): void;
  putLink(link: Link, refusal: Refusal | undefined): void;
  /** Gives these parties another label. The customers that they leave and join have changed. */
  relabel(parties: readonly Party[], customer: Party): void;
  setSlack(customer: Party, slack: number | undefined): void;
}
