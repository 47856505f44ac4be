import { chanceOf, weigh, type Commonness, type Evidence } from './evidence.js';
import { joined, type Frequencies } from './features.js';
import { edits, nearness } from './nearness.js';
import type { EmailParts, PreparedRecord } from './record.js';

const WHOLE: Commonness = { kind: 'e:', chance: 1e-6, worth: 1_000, strangers: 0.1 };
const LOCALS: Commonness = { kind: 'u:', chance: 1 / 20_000, worth: 1_000, strangers: 0.5 };
const DOMAINS: Commonness = { kind: 'd:', chance: 1 / 100, worth: 20, strangers: 1 };

/** A shorter name stands in many addresses by accident. */
const TELLING_LETTERS = 3;
const TELLING_CHARACTERS = /^\p{Script=Han}+$/u;

/** The parts of both records' names that can be seen in an address. */
export function namesOf(a: PreparedRecord, b: PreparedRecord): string[] {
  return [a, b].flatMap(({ names }) =>
    names
      .flatMap(({ given, family }) => [joined(given), joined(family)])
      .filter((part) => part.length >= TELLING_LETTERS || TELLING_CHARACTERS.test(part)),
  );
}

type LocalNearness = 'same' | 'other digits' | 'slips' | 'similar' | 'different';

const withoutDigits = (text: string): string => text.replace(/\d/g, '');

function localNearness(a: string, b: string): LocalNearness {
  if (a === b) return 'same';
  const [left, right] = [withoutDigits(a), withoutDigits(b)];
  if (left === right && left !== '') return 'other digits';
  if (Math.min(a.length, b.length) < 4) return 'different';
  if (edits(a, b, 2) <= (Math.min(a.length, b.length) < 8 ? 1 : 2)) return 'slips';
  return nearness(joined(left), joined(right)) === 'close' ? 'similar' : 'different';
}

/** How often what stands before the `@` is so: of one person, of strangers, and of strangers where it is made of the name. */
const LOCAL: Readonly<Record<LocalNearness, { person: number; stranger: number; named: number }>> = {
  same: { person: 0.6, stranger: 0, named: 0.1 },
  slips: { person: 0.25, stranger: 5e-4, named: 0.1 },
  'other digits': { person: 0.08, stranger: 4e-3, named: 0.2 },
  similar: { person: 0.1, stranger: 2e-3, named: 0.1 },
  different: { person: 1, stranger: 1, named: 1 },
};
const SLIP = {
  same: 'same',
  slips: 'a few slips apart',
  similar: 'similar',
  'other digits': 'with other digits',
};

/**
 * Two addresses. One that is made of the name says little that the name does not say: others of that name choose it too, at
 * another provider or with another number.
 */
export function emailOf(
  a: EmailParts,
  b: EmailParts,
  names: readonly string[],
  known: Frequencies,
): Evidence {
  const values: [string, string] = [a.whole, b.whole];
  if (a.whole === b.whole) {
    const stranger = chanceOf(a.whole, WHOLE, known);
    return weigh('email', 'same', values, { person: 0.8, kin: Math.max(0.05, stranger), stranger });
  }
  const [left, right] = [joined(a.local), joined(b.local)];
  const local = localNearness(left, right);
  const domain = domainNearness(a.domain, b.domain);
  if (local === 'different' || (local !== 'same' && domain === 'different')) {
    return weigh('email', 'different', values, { person: 0.25, kin: 0.9, stranger: 0.99 });
  }
  const isNamed = [left, right].every((text) => names.some((name) => text.includes(name)));
  const common = Math.max(chanceOf(a.domain, DOMAINS, known), chanceOf(b.domain, DOMAINS, known));
  const seen = { same: common, near: common * 0.02 + 1e-4, different: 1 }[domain];
  const user = Math.max(chanceOf(left, LOCALS, known), chanceOf(right, LOCALS, known), LOCAL[local].stranger);
  const stranger = (isNamed ? Math.max(user, LOCAL[local].named) : user) * seen;
  const person = LOCAL[local].person * { same: 0.2, near: 0.2, different: 0.12 }[domain];
  const after = { same: '', near: ', a slip after it', different: ', another provider' }[domain];
  const how = `${SLIP[local]} before the @${after}`;
  return weigh('email', how, values, { person, kin: Math.max(stranger, 0.005), stranger });
}

function domainNearness(a: string, b: string): 'same' | 'near' | 'different' {
  if (a === b) return 'same';
  const shorter = Math.min(a.length, b.length);
  if (shorter < 6) return 'different';
  return edits(a, b, 3) <= (shorter < 10 ? 2 : 3) ? 'near' : 'different';
}
