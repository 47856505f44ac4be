import { birthdayDigits, compareBirthdays, type Birthday } from './birthday.js';
import { chanceOf, strongest, weigh, type Commonness, type Evidence } from './evidence.js';
import { joined, type Frequencies } from './features.js';
import { edits, nearness } from './nearness.js';
import { emailOf, namesOf } from './email-evidence.js';
import type { KindOfValues, PreparedRecord } from './record.js';

const BIRTHDAYS: Commonness = { kind: 'b:', chance: 1 / 20_000, worth: 1_000, strangers: 0.25 };
const USER_NAMES: Commonness = { kind: 'u:', chance: 1 / 20_000, worth: 1_000, strangers: 0.5 };
const PHONES: Commonness = { kind: 'p:', chance: 1e-6, worth: 1_000, strangers: 0.1 };

function birthdayOf(a: Birthday, b: Birthday, known: Frequencies): Evidence {
  const near = compareBirthdays(a, b);
  const values: [string, string] = [birthdayDigits(a), birthdayDigits(b)];
  switch (near) {
    case 'same': {
      const stranger = chanceOf(values[0], BIRTHDAYS, known);
      // Twins.
      return weigh('birthday', 'same', values, { person: 0.8, kin: Math.max(0.03, stranger), stranger });
    }
    case 'part': {
      const stranger = a.year > 0 && b.year > 0 ? (a.month > 0 && b.month > 0 ? 1 / 700 : 1 / 60) : 1 / 365;
      return weigh('birthday', 'same as far as known', values, { person: 0.8, kin: 0.02, stranger });
    }
    case 'slip':
      return weigh('birthday', 'a typing slip apart', values, { person: 0.1, kin: 0.003, stranger: 0.0015 });
    case 'slips':
      return weigh('birthday', 'similar', values, { person: 0.06, kin: 0.03, stranger: 0.025 });
    case 'different':
      return weigh('birthday', 'different', values, { person: 0.03, kin: 0.95, stranger: 0.97 });
  }
}

function phoneOf(a: string, b: string, known: Frequencies): Evidence {
  if (a === b) {
    const stranger = chanceOf(a, PHONES, known);
    return weigh('phone', 'same', [a, b], { person: 0.7, kin: Math.max(0.3, stranger), stranger });
  }
  if (edits(a, b, 1) === 1) {
    return weigh('phone', 'a typing slip apart', [a, b], { person: 0.05, kin: 0.02, stranger: 5e-5 });
  }
  return weigh('phone', 'different', [a, b], { person: 0.35, kin: 0.7, stranger: 0.99 });
}

function userNameOf(a: string, b: string, known: Frequencies): Evidence | undefined {
  if (a.length < 4 || b.length < 4) return undefined;
  if (a === b) {
    const stranger = chanceOf(a, USER_NAMES, known);
    return weigh('handle', 'same', [a, b], { person: 0.5, kin: Math.max(0.01, stranger), stranger });
  }
  if (Math.min(a.length, b.length) >= 6 && edits(a, b, 1) === 1) {
    return weigh('handle', 'a letter apart', [a, b], { person: 0.04, kin: 0.005, stranger: 5e-4 });
  }
  return undefined;
}

function every<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (left: T, right: T) => Evidence | undefined,
): Evidence[] {
  const found = a.flatMap((left) => b.map((right) => compare(left, right)));
  const best = strongest(found.filter((evidence) => evidence !== undefined));
  return best === undefined ? [] : [best];
}

/** Names on platforms, with each other and with what stands before an `@` on the other side. */
function handleEvidence(a: PreparedRecord, b: PreparedRecord, known: Frequencies): Evidence[] {
  const locals = (record: PreparedRecord): string[] => record.emails.map(({ local }) => joined(local));
  const compare = (left: string, right: string): Evidence | undefined => userNameOf(left, right, known);
  return [
    ...every(a.handles, b.handles, compare),
    ...every(a.handles, locals(b), compare),
    ...every(locals(a), b.handles, compare),
  ];
}

function ofKinds(
  a: readonly KindOfValues[],
  b: readonly KindOfValues[],
  compare: (kind: string, left: string, right: string) => Evidence,
): Evidence[] {
  return a.flatMap(({ kind, values }) => {
    const other = b.find((candidate) => candidate.kind === kind);
    if (other === undefined) return [];
    return every(values, other.values, (left, right) => compare(kind, left, right));
  });
}

function numberOf(kind: string, a: string, b: string, known: Frequencies): Evidence {
  if (a === b) {
    const common: Commonness = { kind: `i:${kind}:`, chance: 1e-6, worth: 1_000, strangers: 0.1 };
    const stranger = chanceOf(a, common, known);
    return weigh(kind, 'same', [a, b], { person: 0.85, kin: Math.max(0.002, stranger), stranger });
  }
  if (Math.min(a.length, b.length) >= 5 && edits(a, b, 1) === 1) {
    return weigh(kind, 'a typing slip apart', [a, b], { person: 0.08, kin: 0.0005, stranger: 5e-5 });
  }
  return weigh(kind, 'different', [a, b], { person: 0.07, kin: 0.99, stranger: 0.99 });
}

function traitOf(kind: string, a: string, b: string, known: Frequencies): Evidence {
  const common: Commonness = { kind: `t:${kind}:`, chance: 0.2, worth: 50, strangers: 1 };
  const shared = Math.max(chanceOf(a, common, known), chanceOf(b, common, known));
  const near = nearness(joined(a), joined(b));
  if (near === 'same') {
    return weigh(kind, 'same', [a, b], { person: 0.85, kin: shared, stranger: shared });
  }
  if (near === 'different')
    return weigh(kind, 'different', [a, b], { person: 0.12, kin: 0.9, stranger: 0.9 });
  return weigh(kind, 'similar', [a, b], { person: 0.08, kin: 0.04, stranger: 0.04 });
}

/** What all fields but names and addresses say. */
export function fieldEvidence(a: PreparedRecord, b: PreparedRecord, known: Frequencies): Evidence[] {
  return [
    ...every(a.birthdays, b.birthdays, (left, right) => birthdayOf(left.birthday, right.birthday, known)),
    ...every(a.emails, b.emails, (left, right) => emailOf(left, right, namesOf(a, b), known)),
    ...every(a.phones, b.phones, (left, right) => phoneOf(left, right, known)),
    ...handleEvidence(a, b, known),
    ...ofKinds(a.numbers, b.numbers, (kind, left, right) => numberOf(kind, left, right, known)),
    ...ofKinds(a.traits, b.traits, (kind, left, right) => traitOf(kind, left, right, known)),
  ];
}
