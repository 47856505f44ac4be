import { rank } from '@threadline/domain/identifier';
import { IdentityGraph } from '@threadline/domain/identity/identity-graph';
import type { Decision, Link, Party, PartyTraits } from '@threadline/domain/identity/identity-links';
import { blocks } from '@threadline/domain/identity/identity-rules';
import { MemoryIdentityStore } from '@threadline/domain/identity/memory-identity-store';
import { fanOuts, neverOf, resolveIdentity } from '@threadline/domain/identity/resolve-identity';
import { linksOf, LinksOfPairs, type NaiveLink } from '@threadline/projections/naive-links';
import type { NaiveRules } from '@threadline/projections/naive-rules';
import {
  customersOf,
  firstSeen,
  kindOf,
  PARTIES,
  valueOf,
  type Decided,
  type Step,
  type Told,
} from './identity-worlds.js';

const numberOf = (party: string): Party => PARTIES.indexOf(party);
const nameOf = (party: Party): string => PARTIES[party] ?? '';
const kind = (party: Party): string => kindOf(nameOf(party));

const linkOf = ({ a, b, strength, at, event, place }: NaiveLink): Link => ({
  ...{ a: numberOf(a), b: numberOf(b), strength: rank(strength) },
  ...{ at, event, place },
});

const decisionOf = ({ event, at, type, parties, rest }: Decided): Decision => ({
  ...{ event, at, parties: parties.map(numberOf) },
  ...(type === 'unlink' && { rest: rest.map(numberOf) }),
});

const tell = (link: Link, rule: string | undefined): string =>
  [nameOf(link.a), nameOf(link.b), link.event, ...(rule === undefined ? [] : [rule])].join(' ');

function grouped(parties: Iterable<string>, customerOf: (party: Party) => Party): string[] {
  const members = new Map<Party, string[]>();
  const names = [...parties];
  for (const name of names) {
    const customer = customerOf(numberOf(name));
    members.set(customer, [...(members.get(customer) ?? []), name]);
  }
  return customersOf(names, (name) => members.get(customerOf(numberOf(name))) ?? []);
}

const traitsBy = (
  rules: NaiveRules,
  first: ReadonlyMap<string, number>,
  spread: ReadonlySet<Party>,
): ((party: Party) => PartyTraits) => {
  const isBlocked = blocks(rules);
  return (party) => {
    const name = nameOf(party);
    const blocked = isBlocked(kindOf(name), valueOf(name));
    const never = blocked ? 'blocked-value' : spread.has(party) ? 'fan-out' : undefined;
    return { kind: kind(party), first: first.get(name) ?? Infinity, never };
  };
};

function evidenceOf(steps: readonly Step[]): { links: Link[]; decisions: Decision[] } {
  const links = new LinksOfPairs();
  const decisions = new Map<string, Decision>();
  for (const step of steps) {
    if (step.is === 'decision') decisions.set(step.event, decisionOf(step));
    else for (const link of linksOf(step.event, step.at, step.named)) links.add(link);
  }
  return { links: links.all.map(linkOf), decisions: [...decisions.values()] };
}

/** What the product makes of it, from scratch. */
export function resolved(steps: readonly Step[], rules: NaiveRules): Told {
  const { links, decisions } = evidenceOf(steps);
  const first = firstSeen(steps);
  const traits = traitsBy(rules, first, fanOuts(links, kind, rules.fanOut));
  const identity = resolveIdentity({ links, decisions, traits }, rules);
  const { refused, refusedDecisions, held } = identity;
  return {
    customers: grouped(first.keys(), (party) => identity.customerOf(party)),
    links: links.map((link, index) => tell(link, refused[index]?.rule)).sort(),
    undone: refusedDecisions.map(({ event, parties: [a, b] }) => `${nameOf(a)} ${nameOf(b)} ${event}`).sort(),
    unlinks: [...held].map(([event, parties]) => `${event} ${parties.map(nameOf).sort().join(' ')}`).sort(),
  };
}

/** What the product makes of it, step by step. */
export class Followed {
  #store = new MemoryIdentityStore();
  #graph: IdentityGraph;
  readonly #steps: Step[] = [];
  readonly #first = new Map<string, number>();

  constructor(private rules: NaiveRules) {
    this.#graph = new IdentityGraph(this.#store, rules);
  }

  take(step: Step): void {
    this.#steps.push(step);
    for (const [name, at] of firstSeen([step])) this.#meet(name, at);
    if (step.is === 'decision') {
      const decision = decisionOf(step);
      this.#store.putDecision(decision);
      this.#graph.addDecision(decision);
    } else {
      for (const link of linksOf(step.event, step.at, step.named)) this.#graph.addLink(linkOf(link));
    }
  }

  #meet(name: string, at: number): void {
    const known = this.#first.get(name);
    if (known !== undefined && known <= at) return;
    this.#first.set(name, at);
    const party = numberOf(name);
    const never = known === undefined ? undefined : this.#store.traits(party).never;
    const traits = traitsBy(this.rules, this.#first, new Set())(party);
    this.#store.setParty(party, { ...traits, never: never ?? traits.never });
    if (known !== undefined) this.#graph.seenEarlier(party);
  }

  /** Other rules are in force from here on: all is computed again. */
  apply(rules: NaiveRules): void {
    this.rules = rules;
    this.#store = new MemoryIdentityStore();
    this.#graph = new IdentityGraph(this.#store, rules);
    const { links, decisions } = evidenceOf(this.#steps);
    const traits = traitsBy(rules, this.#first, fanOuts(links, kind, rules.fanOut));
    for (const name of this.#first.keys()) this.#store.setParty(numberOf(name), traits(numberOf(name)));
    for (const decision of decisions) this.#store.putDecision(decision);
    for (const link of links) {
      this.#store.putLink(link, neverOf(traits(link.a), traits(link.b)));
      this.#store.countNeighbour(link.a, kind(link.b));
      this.#store.countNeighbour(link.b, kind(link.a));
    }
    this.#graph.recomputeAll();
  }

  told(): Pick<Told, 'customers' | 'links'> {
    return {
      customers: grouped(this.#first.keys(), (party) => this.#store.customerOf(party)),
      links: this.#store.allLinks.map((link) => tell(link, link.refusal?.rule)).sort(),
    };
  }
}
