import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { PersonRecord, StatedName } from './record.js';

/** What profiles say of a party, beside its name as a text: each value once, in an order of its own. */
export interface StatedPerson {
  readonly names?: readonly { readonly given: string; readonly family: string }[];
  readonly birthdays?: readonly string[];
  readonly addresses?: readonly string[];
  readonly languages?: readonly string[];
  readonly emails?: readonly string[];
  readonly phones?: readonly string[];
}

const FIELDS = ['names', 'birthdays', 'addresses', 'languages', 'emails', 'phones'] as const;

/** Longer texts are no address and no name. */
const LONGEST = 512;

const textOf = (value: Json | undefined): string[] => {
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'string' && value.trim() !== '' && value.length <= LONGEST ? [value.trim()] : [];
};

/** Every text of a value, whatever its shape: the parts of an address. */
function textsIn(value: Json | undefined): string[] {
  if (value === null || typeof value !== 'object') return textOf(value);
  return (Array.isArray(value) ? value : Object.values(value)).flatMap(textsIn);
}

/** The first of these members that is there, however its words are put together (`givenName`, `given_name`). */
function member(profile: JsonObject, ...names: string[]): Json | undefined {
  const found = Object.keys(profile).find((key) => names.includes(key.toLowerCase().replace(/[^a-z]/g, '')));
  return found === undefined ? undefined : profile[found];
}

/** What a profile says of who somebody is; undefined where it says nothing of the kind. */
export function statedPerson(profile: JsonObject): StatedPerson | undefined {
  const { name, address } = profile;
  const parts =
    typeof name === 'object' && name !== null && !Array.isArray(name) ? { ...profile, ...name } : profile;
  const [given = ''] = textOf(member(parts, 'given', 'givenname', 'firstname', 'first', 'forename'));
  const [family = ''] = textOf(member(parts, 'family', 'familyname', 'lastname', 'last', 'surname'));
  const where = textsIn(address).join(' ').slice(0, LONGEST);
  const said: StatedPerson = {
    names: given === '' && family === '' ? [] : [{ given, family }],
    birthdays: textOf(member(profile, 'birthday', 'birthdate', 'dateofbirth', 'dob')),
    addresses: where === '' ? [] : [where],
    languages: textOf(member(profile, 'language')),
    emails: textOf(member(profile, 'email')),
    phones: textOf(member(profile, 'phone', 'mobile', 'telephone')),
  };
  const there = FIELDS.filter((field) => (said[field]?.length ?? 0) > 0);
  return there.length === 0 ? undefined : Object.fromEntries(there.map((field) => [field, said[field]]));
}

/** Both together; the order in which they came shows nowhere. */
export function joinStated(one: StatedPerson, other: StatedPerson): StatedPerson {
  const joined = FIELDS.map((field) => {
    const values = [...(one[field] ?? []), ...(other[field] ?? [])];
    const distinct = new Map(values.map((value) => [JSON.stringify(value), value]));
    return [field, [...distinct.keys()].sort().map((key) => distinct.get(key))] as const;
  });
  return Object.fromEntries(joined.filter(([, values]) => values.length > 0));
}

/** A party, and what was said of it. */
export interface KnownPerson {
  readonly kind: string;
  readonly value: string;
  readonly names: readonly string[];
  readonly stated: StatedPerson;
}

/** Kinds whose values are numbers that a business or a machine gave: another one says nothing of the person. */
const GIVEN_OUT: ReadonlySet<string> = new Set(['loyalty', 'user', 'anonymous', 'device']);
const PHONE = /^\+?\d{7,15}$/;

/** The parties of one customer as a record; undefined where nothing is known that others could have in common. */
export function personRecord(id: string, parties: readonly KnownPerson[]): PersonRecord | undefined {
  const of = (wanted: 'email' | 'phone' | 'handle'): string[] =>
    parties.filter(({ kind, value }) => identifierOf(kind, value) === wanted).map(({ value }) => value);
  const stated = parties.reduce<StatedPerson>((all, party) => joinStated(all, party.stated), {});
  const names: StatedName[] = [...parties.flatMap((party) => party.names), ...(stated.names ?? [])];
  const record = {
    id,
    names,
    birthdays: stated.birthdays ?? [],
    addresses: stated.addresses ?? [],
    emails: [...of('email'), ...(stated.emails ?? [])],
    phones: [...of('phone'), ...(stated.phones ?? [])],
    handles: of('handle'),
  };
  if (Object.values(record).every((value) => value.length === 0 || value === id)) return undefined;
  return { ...record, traits: { language: stated.languages ?? [] } };
}

function identifierOf(kind: string, value: string): 'email' | 'phone' | 'handle' | undefined {
  if (kind === 'email') return 'email';
  if (GIVEN_OUT.has(kind)) return undefined;
  return kind === 'phone' || PHONE.test(value) ? 'phone' : 'handle';
}
