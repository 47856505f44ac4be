import fc from 'fast-check';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { NAIVE_DEFAULTS, type NaiveRules } from '@threadline/projections/naive-rules';
import { often, PERSONAL_TEXTS } from './generate-data.js';
import type { Named } from './people.js';

interface NamedParty {
  readonly kind: string;
  readonly value: string;
}

/** What a decision or new rules mean, beside what is sent. */
export interface Meaning {
  /** A person joins these, or takes them away from the rest. Normalised. */
  readonly decided?: {
    readonly says: 'link' | 'unlink';
    readonly parties: readonly NamedParty[];
    readonly rest: readonly NamedParty[];
  };
  /** What is absent of the rules that are sent is filled in. */
  readonly ruled?: NaiveRules;
}

interface Decision {
  readonly type: string;
  readonly data: JsonObject;
  readonly meaning: Meaning;
}

const by = { key: 'key-of-the-test', staff: { name: 'staff-kofi-anan' } };

function decisionOf(named: readonly Named[], first: number, reason: string | undefined): Decision {
  const [parties, rest] = [named.slice(0, first), named.slice(first)];
  const sent = (list: readonly Named[]): JsonObject[] =>
    list.map(({ sent: { kind, value } }) => ({ kind, value }) as JsonObject);
  const kept = (list: readonly Named[]): NamedParty[] =>
    list.map(({ kept: { kind, value } }) => ({ kind, value }));
  const country = named.find((one) => one.country !== undefined)?.country;
  const says = rest.length === 0 ? 'link' : 'unlink';
  return {
    type: `identity.${says}ed`,
    data: {
      parties: sent(parties),
      ...(says === 'unlink' && { rest: sent(rest) }),
      ...(country !== undefined && { country }),
      ...(reason !== undefined && { reason, by }),
    },
    meaning: { decided: { says, parties: kept(parties), rest: kept(rest) } },
  };
}

/** Of these, also of whom no event names: joined, or some taken away from others. */
const decisions = (circle: readonly Named[]): fc.Arbitrary<Decision> =>
  fc
    .tuple(
      fc.uniqueArray(fc.constantFrom(...circle), {
        ...{ minLength: 2, maxLength: 5 },
        selector: ({ kept }) => `${kept.kind}:${kept.value}`,
      }),
      fc.nat(),
      fc.boolean(),
      often(5, fc.constantFrom(...PERSONAL_TEXTS)),
    )
    .map(([named, cut, joins, reason]) =>
      decisionOf(named, joins ? named.length : 1 + (cut % (named.length - 1)), reason),
    );

/** Files of rules, as operators write them, under which the people of the histories fall apart in different ways. */
export const RULES_FILES: readonly JsonObject[] = [
  { name: 'loose', version: 1, limits: {}, blocked: [] },
  {
    name: 'strict',
    version: 3,
    limits: { loyalty: 1, user: 1, email: 1 },
    blocked: [
      { kind: 'email', value: 'shared.inbox@example.org' },
      { kind: '*', pattern: 'a1b2' },
    ],
    fanOut: { most: { email: 2, phone: 1, loyalty: 1 } },
  },
  { name: 'walled', version: 1, firewall: { parties: 1 }, fanOut: { exempt: ['phone', 'anonymous'] } },
  { name: 'default', version: 1 },
];

function rulesOf(file: JsonObject): NaiveRules {
  const given = file as Partial<NaiveRules>;
  return { ...NAIVE_DEFAULTS, ...given, fanOut: { ...NAIVE_DEFAULTS.fanOut, ...given.fanOut } };
}

/** That the rules of a file are in force from here on. */
export const ruling = (file: JsonObject): Decision => ({
  type: 'identity.rules.applied',
  data: { rules: file, by },
  meaning: { ruled: rulesOf(file) },
});

const rulings: fc.Arbitrary<Decision> = fc.constantFrom(...RULES_FILES).map(ruling);

/** What a few people are decided to be, and by which rules. */
export const decided = (circle: readonly Named[]): fc.Arbitrary<Decision> =>
  fc.oneof({ weight: 4, arbitrary: decisions(circle) }, { weight: 1, arbitrary: rulings });
