import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IdentityGraph } from './identity-graph.js';
import { compareLinks, type Decision, type Link, type Party, type PartyTraits } from './identity-links.js';
import { blocks, DEFAULT_RULES, type IdentityRules } from './identity-rules.js';
import { MemoryIdentityStore } from './memory-identity-store.js';
import { fanOuts, resolveIdentity } from './resolve-identity.js';

/** Small numbers, so that every rule speaks often. */
const RULES: IdentityRules = {
  ...DEFAULT_RULES,
  fanOut: { most: { loyalty: 2, user: 2, email: 2, phone: 2 }, exempt: ['loyalty', 'user'] },
  firewall: { parties: 2 },
};
const isBlocked = blocks(RULES);

const KINDS = ['user', 'loyalty', 'email', 'email', 'anonymous', 'anonymous', 'anonymous'];
const PARTIES = 14;
const kindOf = (party: Party): string => KINDS[party % KINDS.length] as string;
const valueOf = (party: Party): string => (party === 3 ? 'test@example.org' : `value-${party}`);

type Step =
  { readonly kind: 'link'; readonly link: Link } | { readonly kind: 'decision'; readonly decision: Decision };

/** An incremental graph beside the evidence that it was given. */
class Both {
  readonly store = new MemoryIdentityStore();
  readonly graph = new IdentityGraph(this.store, RULES);
  readonly links = new Map<string, Link>();
  readonly decisions: Decision[] = [];
  readonly first = new Map<Party, number>();

  meet(party: Party, at: number): void {
    const known = this.first.get(party);
    if (known !== undefined && known <= at) return;
    this.first.set(party, at);
    const never = known === undefined ? this.blocked(party) : this.store.traits(party).never;
    this.store.setParty(party, { kind: kindOf(party), never, first: at });
    if (known !== undefined) this.graph.seenEarlier(party);
  }

  private blocked(party: Party): PartyTraits['never'] {
    return isBlocked(kindOf(party), valueOf(party)) ? 'blocked-value' : undefined;
  }

  take(step: Step): void {
    if (step.kind === 'decision') {
      for (const party of [...step.decision.parties, ...(step.decision.rest ?? [])])
        this.meet(party, Infinity);
      this.decisions.push(step.decision);
      this.store.putDecision(step.decision);
      this.graph.addDecision(step.decision);
      return;
    }
    const { link } = step;
    this.meet(link.a, link.at);
    this.meet(link.b, link.at);
    this.graph.addLink(link);
    const pair = `${link.a}/${link.b}`;
    const known = this.links.get(pair);
    if (known === undefined || compareLinks(link, known) < 0) this.links.set(pair, link);
  }

  /** Who is with whom, and what is refused: incrementally, and from scratch. */
  incremental(): unknown {
    return told(
      [...this.first.keys()],
      (party) => this.store.customerOf(party),
      this.store.allLinks.map(({ event, place, refusal }) => [event, place, refusal]),
    );
  }

  scratch(): unknown {
    const links = [...this.links.values()].sort(compareLinks);
    const tooMany = fanOuts(links, kindOf, RULES.fanOut);
    const identity = resolveIdentity(
      {
        links,
        decisions: this.decisions,
        traits: (party) => ({
          kind: kindOf(party),
          first: this.first.get(party) ?? Infinity,
          never: this.blocked(party) ?? (tooMany.has(party) ? 'fan-out' : undefined),
        }),
      },
      RULES,
    );
    return told(
      [...this.first.keys()],
      (party) => identity.customerOf(party),
      links.map(({ event, place }, index) => [event, place, identity.refused[index]]),
    );
  }
}

function told(parties: Party[], customerOf: (party: Party) => Party, links: unknown): unknown {
  const customers = new Map<Party, Party[]>();
  for (const party of parties.sort((a, b) => a - b)) {
    const customer = customerOf(party);
    customers.set(customer, [...(customers.get(customer) ?? []), party]);
  }
  return { customers: [...customers.values()].sort((a, b) => (a[0] as number) - (b[0] as number)), links };
}

const party = fc.nat({ max: PARTIES - 1 });
const links: fc.Arbitrary<Step> = fc
  .record({
    a: party,
    b: party,
    strength: fc.nat({ max: 2 }),
    at: fc.nat({ max: 6 }),
    event: fc.nat({ max: 999 }),
  })
  .filter(({ a, b }) => a !== b)
  .map(({ a, b, strength, at, event }) => ({
    kind: 'link',
    link: { a: Math.min(a, b), b: Math.max(a, b), strength, at, event: `e${event}-${a}-${b}`, place: 0 },
  }));
const decisions: fc.Arbitrary<Step> = fc
  .record({
    parties: fc.uniqueArray(party, { minLength: 2, maxLength: 6 }),
    split: fc.nat({ max: 4 }),
    unlink: fc.boolean(),
    at: fc.nat({ max: 12 }),
    event: fc.nat({ max: 999 }),
  })
  .map(({ parties, split, unlink, at, event }) => {
    const cut = 1 + (split % (parties.length - 1));
    const sides = unlink ? { parties: parties.slice(0, cut), rest: parties.slice(cut) } : { parties };
    return { kind: 'decision', decision: { event: `d${event}`, at, ...sides } };
  });
const histories = fc.array(fc.oneof({ weight: 5, arbitrary: links }, { weight: 1, arbitrary: decisions }), {
  minLength: 1,
  maxLength: 40,
});
const distinct = (steps: readonly Step[]): Step[] => {
  const names = new Set<string>();
  return steps.filter((step) => {
    const name = step.kind === 'link' ? step.link.event : step.decision.event;
    return !names.has(name) && names.add(name);
  });
};

describe('identity, kept up to date', () => {
  it('equals identity from scratch after every step', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const both = new Both();
        for (const step of distinct(steps)) {
          both.take(step);
          assert.deepEqual(both.incremental(), both.scratch());
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on the order', () => {
    fc.assert(
      fc.property(
        histories.chain((steps) => {
          const all = distinct(steps);
          return fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }));
        }),
        ([steps, shuffled]) => {
          const [one, other] = [new Both(), new Both()];
          for (const step of steps) one.take(step);
          for (const step of [...shuffled, ...steps]) other.take(step);
          assert.deepEqual(other.incremental(), one.incremental());
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
