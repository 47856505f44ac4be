import type { Birthday } from './birthday.js';
import { joined } from './features.js';
import type { PreparedRecord } from './record.js';

/**
 * The keys of a record: only records that have one in common are compared. What is alike in a typo or two still agrees in
 * one of them, as each leaves something out. A key is one text without line breaks.
 */
export function blockingKeys(record: PreparedRecord): Set<string> {
  const keys = new Set<string>();
  const days = record.birthdays.map(({ birthday }) => birthday);
  for (const { digits } of record.birthdays) keys.add(`b ${digits}`);
  const words = new Set<string>();
  for (const { given, family } of record.names) {
    if (given !== '') words.add(joined(given));
    if (family !== '') words.add(joined(family));
    if (given !== '' && family !== '') pairKeys(joined(given), joined(family), keys);
  }
  for (const word of words) nameKeys(word, days, record, keys);
  for (const { whole, local, domain } of record.emails) {
    keys.add(`e ${whole}`);
    if (local.length >= 4) keys.add(`u ${joined(local)}`);
    for (const day of days) if (domain !== '') keys.add(`ed ${domain} ${day.year}`);
  }
  for (const handle of record.handles) if (handle.length >= 4) keys.add(`u ${handle}`);
  for (const phone of record.phones) keys.add(`p ${phone}`);
  for (const { kind, values } of record.numbers) for (const value of values) keys.add(`i ${kind} ${value}`);
  for (const address of record.addresses) addressKeys(address, keys);
  return keys;
}

/** Both names, whichever is which, exactly and by their sound. */
function pairKeys(given: string, family: string, keys: Set<string>): void {
  keys.add(`nn ${[given, family].sort().join(' ')}`);
  keys.add(`ss ${[skeleton(given), skeleton(family)].sort().join(' ')}`);
}

function nameKeys(word: string, days: readonly Birthday[], record: PreparedRecord, keys: Set<string>): void {
  keys.add(`n ${word}`);
  const sound = skeleton(word);
  for (const { year, month, day } of days) {
    keys.add(`sy ${sound} ${year}`);
    if (day > 0) keys.add(`sd ${sound} ${month} ${day}`);
    keys.add(`iy ${word.slice(0, 2)} ${year} ${month}`);
    keys.add(`im ${word.slice(0, 2)} ${month} ${day}`);
  }
  for (const address of record.addresses) {
    for (const place of address) if (place.length >= 3) keys.add(`sa ${sound} ${place}`);
  }
}

/** Two words of an address that stand together in its order: a number and a street, a street and a town. */
function addressKeys(words: readonly string[], keys: Set<string>): void {
  const numbers = words.filter((word) => /\d/.test(word));
  for (const number of numbers) {
    for (const word of words) if (word !== number) keys.add(`a ${[number, word].sort().join(' ')}`);
  }
}

/** What is left of a word's sound: its first letter and its consonants, neighbours that sound alike as one. */
export function skeleton(word: string): string {
  const [first = ''] = word;
  const rest = word
    .slice(first.length)
    .replace(/ph/g, 'f')
    .replace(/[ck]+|q/g, 'k')
    .replace(/[szx]+/g, 's')
    .replace(/[vw]/g, 'v')
    .replace(/[aeiouyh]/g, '')
    .replace(/(.)\1+/gu, '$1');
  return first + rest;
}
