import {
  joinStated,
  personRecord,
  type StatedPerson,
} from '@threadline/projections/look-alikes/stated-person';
import type { PersonRecord } from '@threadline/projections/look-alikes/record';
import type { LiveModels } from '../sqlite/live-models.js';

/** The customers that are newest take part, so many of them: what is compared has to fit in memory. */
const MOST_RECORDS = 100_000;

interface Member {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  readonly first: number;
  readonly names: readonly string[];
  readonly stated: StatedPerson;
}

/** A customer's record under the id of the party that was first seen, with that party's handle. */
export interface CustomerRecord {
  readonly handle: number;
  readonly record: PersonRecord;
}

/** Every customer of whom something is known that others could have in common. */
export function customerRecords(models: LiveModels): CustomerRecord[] {
  const { customers, search } = models;
  const stated = new Map<number, StatedPerson>();
  for (const [party, said] of search.stated()) {
    const known = stated.get(party);
    stated.set(party, known === undefined ? said : joinStated(known, said));
  }
  const places = customers.places();
  const byCustomer = new Map<number, Map<number, Member>>();
  for (const { party, names, ...named } of search.named()) {
    const place = places.get(party);
    if (place === undefined) continue;
    const members = byCustomer.get(place.customer) ?? new Map<number, Member>();
    byCustomer.set(place.customer, members);
    // A search index of two parts may know a party in both.
    const all = [...new Set([...(members.get(party)?.names ?? []), ...names])].sort();
    members.set(party, { ...named, names: all, first: place.first, stated: stated.get(party) ?? {} });
  }
  const found: (CustomerRecord & { first: number })[] = [];
  for (const members of byCustomer.values()) {
    const [[handle, oldest] = []] = [...members].sort(
      ([, x], [, y]) => x.first - y.first || (x.id < y.id ? -1 : 1),
    );
    if (handle === undefined || oldest === undefined) continue;
    const record = personRecord(oldest.id, [...members.values()]);
    if (record !== undefined) found.push({ handle, record, first: oldest.first });
  }
  if (found.length <= MOST_RECORDS) return found;
  return found
    .sort((x, y) => y.first - x.first || (x.record.id < y.record.id ? -1 : 1))
    .slice(0, MOST_RECORDS);
}
