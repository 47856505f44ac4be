import type { PreparedRecord } from './record.js';

/**
 * How often something was said, over all records. A feature is counted once a record; one that ends in its colon (`n:`)
 * counts the records that say anything of the kind.
 */
export interface Frequencies {
  count(feature: string): number;
}

/** A word without spaces: `Anne Marie` and `Annemarie` are one. */
export const joined = (part: string): string => part.replaceAll(' ', '');

/** What of a record is counted, each once. A kind begins with its letter; the bare kind stands for "has one". */
export function features(record: PreparedRecord): Set<string> {
  const found = new Set<string>();
  const add = (kind: string, value: string): void => {
    if (value !== '') found.add(kind).add(kind + value);
  };
  for (const { given, family } of record.names) {
    add('n:', joined(given));
    add('n:', joined(family));
  }
  for (const { digits } of record.birthdays) add('b:', digits);
  for (const words of record.addresses) for (const word of words) add('a:', word);
  for (const { whole, local, domain } of record.emails) {
    add('e:', whole);
    add('d:', domain);
    add('u:', joined(local));
  }
  for (const phone of record.phones) add('p:', phone);
  for (const handle of record.handles) add('u:', handle);
  for (const { kind, values } of record.numbers) for (const value of values) add(`i:${kind}:`, value);
  for (const { kind, values } of record.traits) for (const value of values) add(`t:${kind}:`, value);
  return found;
}

/** Frequencies of records that are all at hand. */
export class CountedFeatures implements Frequencies {
  private readonly counts = new Map<string, number>();

  add(found: Iterable<string>): void {
    for (const feature of found) this.counts.set(feature, this.count(feature) + 1);
  }

  count(feature: string): number {
    return this.counts.get(feature) ?? 0;
  }
}
