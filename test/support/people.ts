import fc from 'fast-check';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { Strength } from '@threadline/domain/identifier';
import { often } from './generate-data.js';

/** An identifier as an adapter writes it, and as the contract says that it is kept. */
export interface Named {
  readonly sent: JsonObject;
  readonly kept: { kind: string; value: string; strength: Strength; name?: string };
  /** What `data.country` has to be for the value to be understood. */
  readonly country?: string;
}

interface Handle {
  readonly kind: string;
  readonly raw: string;
  readonly value: string;
  readonly country?: string;
}

const as = (kind: string, raw: string, value = raw, country?: string): Handle =>
  country === undefined ? { kind, raw, value } : { kind, raw, value, country };

/**
 * Four people, by the handles that are theirs. Several spell one identifier. Every value is long and odd enough to be
 * found in a file if it lay there in clear.
 */
const PEOPLE: readonly (readonly Handle[])[] = [
  [
    as('email', 'Ana.Quixote@Example.ORG', 'ana.quixote@example.org'),
    as('email', ' ana.quixote@example.org ', 'ana.quixote@example.org'),
    as('phone', '+44 20 7946 0018', '+442079460018'),
    as('phone', '020 7946 0018', '+442079460018', 'GB'),
    as('loyalty', 'LOY-000-4711'),
    as('instagram', 'ana.quixote.shoes'),
    as('anonymous', 'cookie-a1b2c3d4'),
  ],
  [
    as('email', 'rene\u0301e.zobel@example.org', 'ren\u00e9e.zobel@example.org'),
    as('email', 'REN\u00c9E.ZOBEL@example.org', 'ren\u00e9e.zobel@example.org'),
    as('user', 'user-renee-0815'),
    as('whatsapp', 'wa-renee-zobel'),
    as('anonymous', 'cookie-e5f6a7b8'),
  ],
  [
    as('phone', '010 8520 1234', '+861085201234', 'CN'),
    as('wechat', '\u738b\u5c0f\u660e\u5fae\u4fe1\u53f7'),
    as('loyalty', 'loy-000-4711'),
    as('user', '  user-wang-0888\t', 'user-wang-0888'),
  ],
  [
    as('social', 'emoji\ud83d\udc69\u200d\ud83d\ude80handle'),
    as('email', 'not an address at all', 'not an address at all'),
    as('phone', 'ask for the night porter', 'ask for the night porter'),
    as('email', 'shared.inbox@example.org'),
  ],
];

const DEVICES = [as('device', 'device-till-0001'), as('device', 'device-door-0002')];
const EVERYBODY = [...PEOPLE.flat(), ...DEVICES];

const NAMES = [
  'Ana Quixote',
  'Ana Q. de Ruiz',
  '\u738b\u5c0f\u660e\u5148\u751f',
  'Zo\u00eb \ud83d\udc69\u200d\ud83d\ude80 Zobel',
  'Ren\u00e9e Zobel-Zwo',
  '',
];

const strengths = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 4, arbitrary: fc.constantFrom<Strength>('verified', 'claimed', 'inferred') },
  { weight: 1, arbitrary: fc.constantFrom<Strength>('shared', 'device') },
);

/** As the contract's table of fields tells it. */
function strengthOf(kind: string, given: Strength | undefined): Strength {
  if (kind === 'device') return 'device';
  return given ?? (kind === 'loyalty' || kind === 'user' ? 'verified' : 'claimed');
}

function named(handle: Handle, given: Strength | undefined, name: string | undefined): Named {
  const both = name === undefined ? {} : { name };
  return {
    sent: {
      kind: handle.kind,
      value: handle.raw,
      ...(given === undefined ? {} : { strength: given }),
      ...both,
    },
    kept: { kind: handle.kind, value: handle.value, strength: strengthOf(handle.kind, given), ...both },
    ...(handle.country === undefined ? {} : { country: handle.country }),
  };
}

/** One of any number of browsers. */
export const cookie = (number: number): Named =>
  named(as('anonymous', `cookie-of-a-crowd-${number}`), undefined, undefined);

const identifier = (handles: readonly Handle[]): fc.Arbitrary<Named> =>
  fc
    .tuple(fc.constantFrom(...handles), strengths, often(4, fc.constantFrom(...NAMES)))
    .map(([handle, strength, name]) => named(handle, strength, name));

/** Two national numbers of different countries cannot stand in one event. */
const ofOneCountry = (list: readonly Named[]): Named[] => {
  const country = list.find((one) => one.country !== undefined)?.country;
  return list.filter((one) => one.country === undefined || one.country === country);
};

/** The identifiers of one event: mostly one person's, sometimes with a device's, now and then of two people: a merge. */
export const identifiers: fc.Arbitrary<Named[]> = fc
  .oneof(
    {
      weight: 12,
      arbitrary: fc
        .nat({ max: PEOPLE.length - 1 })
        .chain((who) => fc.array(identifier(PEOPLE[who] ?? []), { minLength: 1, maxLength: 3 })),
    },
    { weight: 2, arbitrary: fc.array(identifier(DEVICES), { minLength: 1, maxLength: 2 }) },
    { weight: 3, arbitrary: fc.array(identifier(EVERYBODY), { minLength: 1, maxLength: 3 }) },
    { weight: 4, arbitrary: fc.constant<Named[]>([]) },
  )
  .map(ofOneCountry);

/** Some of all: whom people decide about, so that one decision meets another. */
export const circles: fc.Arbitrary<Named[]> = fc
  .shuffledSubarray([...EVERYBODY], { minLength: 5, maxLength: 8 })
  .map((handles) => ofOneCountry(handles.map((handle) => named(handle, undefined, undefined))));

/** What must never be found in clear. */
export const PERSONAL_NAMES: readonly string[] = [
  ...EVERYBODY.flatMap(({ raw, value }) => [raw.trim(), value]),
  ...NAMES.filter(Boolean),
];
