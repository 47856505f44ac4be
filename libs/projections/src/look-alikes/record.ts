import { birthdayDigits, parseBirthday, type Birthday } from './birthday.js';
import { foldText, splitName, type NameParts } from './fold-name.js';

/** A name as it came: in parts where they are known, else whole. */
export type StatedName = string | { readonly given?: string; readonly family?: string };

/** What is known of somebody, as it was said. Several values of a field are alternatives. */
export interface PersonRecord {
  /** Distinct; it decides nothing but the order of equal scores. */
  readonly id: string;
  readonly names?: readonly StatedName[];
  /** Any form that `parseBirthday` reads; others count as not known. */
  readonly birthdays?: readonly string[];
  /** One text each, its lines and parts in any order. */
  readonly addresses?: readonly string[];
  readonly emails?: readonly string[];
  readonly phones?: readonly string[];
  /** Names on platforms, without their `@`. */
  readonly handles?: readonly string[];
  /** Other names of one person alone, by kind: a customer number, a social security number. */
  readonly numbers?: Readonly<Record<string, readonly string[]>>;
  /** What many people have in common, by kind: language, sex, occupation. */
  readonly traits?: Readonly<Record<string, readonly string[]>>;
}

export interface EmailParts {
  readonly whole: string;
  readonly local: string;
  readonly domain: string;
}

export interface DatedBirth {
  readonly birthday: Birthday;
  readonly digits: string;
}

/** A record made ready to be compared: folded, taken apart, without repetitions, in an order of its own. */
export interface PreparedRecord {
  readonly id: string;
  readonly names: readonly NameParts[];
  readonly birthdays: readonly DatedBirth[];
  readonly addresses: readonly (readonly string[])[];
  readonly emails: readonly EmailParts[];
  readonly phones: readonly string[];
  readonly handles: readonly string[];
  readonly numbers: readonly KindOfValues[];
  readonly traits: readonly KindOfValues[];
}

export interface KindOfValues {
  readonly kind: string;
  readonly values: readonly string[];
}

/** Values of one field that are compared; those beyond are left out, the same ones whatever the order. */
const MOST = 8;
const MOST_ADDRESS_WORDS = 24;

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)]
    .filter((value) => value !== '')
    .sort()
    .slice(0, MOST);
}

export function prepareRecord(record: PersonRecord): PreparedRecord {
  const emails = distinct((record.emails ?? []).map((email) => email.normalize('NFKC').trim().toLowerCase()));
  return {
    id: record.id,
    names: preparedNames(record.names ?? []),
    birthdays: preparedBirthdays(record.birthdays ?? []),
    addresses: distinct((record.addresses ?? []).map((address) => addressWords(address).join(' '))).map(
      (address) => address.split(' '),
    ),
    emails: emails.map((whole) => {
      const at = whole.lastIndexOf('@');
      const local = at < 0 ? whole : whole.slice(0, at);
      return {
        whole,
        local: foldText(local.replace(/\+.*$/, '')),
        domain: at < 0 ? '' : whole.slice(at + 1),
      };
    }),
    phones: distinct((record.phones ?? []).map(phoneDigits)),
    handles: distinct((record.handles ?? []).map((handle) => foldText(handle).replaceAll(' ', ''))),
    numbers: kinds(record.numbers ?? {}),
    traits: kinds(record.traits ?? {}),
  };
}

function preparedNames(stated: readonly StatedName[]): NameParts[] {
  const names = new Map<string, NameParts>();
  for (const name of stated) {
    const parts =
      typeof name === 'string'
        ? splitName(name)
        : { given: foldText(name.given ?? ''), family: foldText(name.family ?? ''), isGuessed: false };
    if (parts.given !== '' || parts.family !== '')
      names.set(`${parts.given}\n${parts.family}\n${parts.isGuessed}`, parts);
  }
  return [...names.keys()]
    .sort()
    .slice(0, MOST)
    .map((key) => names.get(key) as NameParts);
}

function preparedBirthdays(stated: readonly string[]): DatedBirth[] {
  const days = new Map<string, Birthday>();
  for (const text of stated) {
    const birthday = parseBirthday(text);
    if (birthday !== undefined) days.set(birthdayDigits(birthday), birthday);
  }
  return [...days.keys()]
    .sort()
    .slice(0, MOST)
    .map((digits) => ({ digits, birthday: days.get(digits) as Birthday }));
}

const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu;

/** The words of an address, each once, sorted: its parts come in any order. Unspaced scripts by pairs of characters. */
function addressWords(address: string): string[] {
  const words = foldText(address)
    .split(' ')
    .flatMap((word) => (word.match(UNSPACED) === null ? [word] : pairs(word)))
    .filter((word) => word !== '');
  return [...new Set(words)].sort().slice(0, MOST_ADDRESS_WORDS);
}

function pairs(word: string): string[] {
  const characters = [...word];
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, before) => `${characters[before]}${character}`);
}

/** How many digits of a number tell it apart, whether its country was written or not. */
const TELLING_DIGITS = 9;

function phoneDigits(phone: string): string {
  const digits = phone.normalize('NFKC').replace(/\D/g, '');
  return digits.length < 5 ? '' : digits.slice(-TELLING_DIGITS);
}

function kinds(fields: Readonly<Record<string, readonly string[]>>): KindOfValues[] {
  return Object.keys(fields)
    .sort()
    .map((kind) => ({ kind, values: distinct((fields[kind] ?? []).map(foldText)) }))
    .filter(({ values }) => values.length > 0);
}
