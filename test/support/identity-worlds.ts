import fc from 'fast-check';
import type { Strength } from '@threadline/domain/identifier';
import {
  naiveIdentity,
  type NaiveDecision,
  type NaiveIdentity,
} from '@threadline/projections/naive-identity';
import { LinksOfPairs, linksOf } from '@threadline/projections/naive-links';
import { NAIVE_DEFAULTS, type NaiveRules } from '@threadline/projections/naive-rules';

/** An event that names parties, the strongest of them its home. */
export interface Sighting {
  readonly is: 'sighting';
  readonly event: string;
  readonly at: number;
  readonly named: readonly { readonly party: string; readonly strength: Strength }[];
}

export interface Decided extends NaiveDecision {
  readonly is: 'decision';
}

/** What can happen to identity. A party's id is its identifier, `kind:value`. */
export type Step = Sighting | Decided;

/** So few that everything meets everything. */
export const PARTIES = [
  ...['user:u1', 'user:u2', 'loyalty:l1', 'loyalty:l2', 'loyalty:l3', 'phone:p1', 'phone:p2'],
  ...['email:e1', 'email:e2', 'email:e3', 'email:test@e', 'anonymous:a1', 'anonymous:a2', 'anonymous:a3'],
];

export const kindOf = (party: string): string => party.slice(0, party.indexOf(':'));
export const valueOf = (party: string): string => party.slice(party.indexOf(':') + 1);

/** Small numbers, so that every rule speaks often. */
const STRICT: NaiveRules = {
  ...NAIVE_DEFAULTS,
  fanOut: { most: { loyalty: 2, user: 2, email: 2, phone: 2 }, exempt: ['loyalty', 'user'] },
  firewall: { parties: 2 },
};
const OPEN: NaiveRules = { ...STRICT, name: 'open', firewall: { parties: 1000 } };
const ODD: NaiveRules = {
  name: 'odd',
  version: 2,
  limits: { loyalty: 2, email: 1 },
  blocked: [
    { kind: 'phone', value: 'p1' },
    { kind: '*', pattern: '3$' },
  ],
  fanOut: { most: { anonymous: 1, email: 2 }, exempt: ['phone'] },
  firewall: { parties: 1 },
};
const LOOSE: NaiveRules = {
  name: 'loose',
  version: 1,
  limits: { loyalty: 1 },
  blocked: [],
  fanOut: { most: {}, exempt: [] },
  firewall: { parties: 3 },
};

export const rules: fc.Arbitrary<NaiveRules> = fc.constantFrom(STRICT, OPEN, ODD, LOOSE);

/** Without a firewall: people's joins make sides heavier, and thereby more links wait. */
export const rulesWithoutFirewall: fc.Arbitrary<NaiveRules> = rules.map((one) => ({
  ...one,
  firewall: { parties: Infinity },
}));

const party = fc.constantFrom(...PARTIES);
const strength = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<Strength>('verified', 'claimed', 'inferred') },
  { weight: 1, arbitrary: fc.constantFrom<Strength>('shared', 'device') },
);

type Nameless<S extends Step> = Omit<S, 'event'>;

const sightings: fc.Arbitrary<Nameless<Sighting>> = fc.record({
  is: fc.constant('sighting' as const),
  at: fc.nat({ max: 6 }),
  named: fc.array(fc.record({ party, strength }), { minLength: 1, maxLength: 4 }),
});

const decisions: fc.Arbitrary<Nameless<Decided>> = fc
  .tuple(
    fc.uniqueArray(party, { minLength: 2, maxLength: 6 }),
    fc.nat(),
    fc.nat({ max: 12 }),
    fc.constantFrom('link', 'unlink'),
  )
  .map(([named, split, at, type]) => {
    const cut = type === 'link' ? named.length : 1 + (split % (named.length - 1));
    return { is: 'decision', type, at, parties: named.slice(0, cut), rest: named.slice(cut) };
  });

/** Events have ids that do not tell when they came. */
const withIds = (steps: readonly Nameless<Step>[], prefix: string, start: number): Step[] =>
  steps.map((step, index) => ({ ...step, event: `${prefix}${(start + index * 37) % 101}` }) as Step);

/** Things that happen to identity, in the order in which they come. `prefix` begins every event's id. */
export const worlds = ({ max = 24, prefix = 'e' }: { max?: number; prefix?: string } = {}): fc.Arbitrary<
  Step[]
> =>
  fc
    .tuple(
      fc.array(fc.oneof({ weight: 4, arbitrary: sightings }, { weight: 1, arbitrary: decisions }), {
        minLength: 1,
        maxLength: max,
        size: 'max',
      }),
      fc.nat({ max: 100 }),
    )
    .map(([steps, start]) => withIds(steps, prefix, start));

/** The same in another order, some of them twice. */
export const reordered = <T>(steps: readonly T[]): fc.Arbitrary<T[]> =>
  fc
    .subarray([...steps])
    .chain((again) => fc.shuffledSubarray([...steps, ...again], { minLength: steps.length + again.length }));

/** When each party was first seen; Infinity of one that only decisions name. */
export function firstSeen(steps: readonly Step[]): Map<string, number> {
  const first = new Map<string, number>();
  for (const step of steps) {
    const names =
      step.is === 'sighting' ? step.named.map((one) => one.party) : [...step.parties, ...step.rest];
    const at = step.is === 'sighting' ? step.at : Infinity;
    for (const name of names) first.set(name, Math.min(at, first.get(name) ?? Infinity));
  }
  return first;
}

/** What the reference makes of it. */
export function naiveOf(steps: readonly Step[], by: NaiveRules): NaiveIdentity {
  const parties = [...firstSeen(steps)].map(([id, first]) => ({
    ...{ id, kind: kindOf(id), value: valueOf(id) },
    firstSeen: first,
  }));
  const links = new LinksOfPairs();
  const said = new Map<string, Decided>();
  for (const step of steps) {
    if (step.is === 'decision') said.set(step.event, step);
    else for (const link of linksOf(step.event, step.at, step.named)) links.add(link);
  }
  return naiveIdentity(parties, links.all, [...said.values()], by);
}

/** Who is one person with whom, what became of every link, and of what people said; in a fixed order. */
export interface Told {
  readonly customers: string[];
  readonly links: string[];
  readonly undone: string[];
  readonly unlinks: string[];
}

export function told(steps: readonly Step[], by: NaiveRules): Told {
  const { membersOf, links, refused, undone, unlinks } = naiveOf(steps, by);
  return {
    customers: customersOf(firstSeen(steps).keys(), (one) => membersOf(one).map(({ id }) => id)),
    links: [
      ...links.map(({ a, b, event }) => `${a} ${b} ${event}`),
      ...refused.map(({ a, b, event, rule }) => `${a} ${b} ${event} ${rule}`),
    ].sort(),
    undone: undone.map(({ a, b, event }) => `${a} ${b} ${event}`).sort(),
    unlinks: unlinks.map(({ event, parties }) => `${event} ${[...parties].sort().join(' ')}`).sort(),
  };
}

export const customersOf = (parties: Iterable<string>, membersOf: (party: string) => string[]): string[] =>
  [...new Set([...parties].map((one) => membersOf(one).sort().join(' ')))].sort();
