import type { Link, Party } from './identity-links.js';
import type { Identity } from './resolve-identity.js';

/** Customers that would become one, or what one customer would fall into. */
export interface ChangedCustomer {
  /** Stands for the one: the customer that is gained, or that is lost. */
  readonly party: Party;
  /** The parties of each. One that falls apart and is joined with others as well is on both lists, with these parts of it. */
  readonly sides: readonly (readonly Party[])[];
  /** Places in `links`: those between two of the sides that would join now, or would no longer. */
  readonly links: readonly number[];
}

export interface IdentityComparison {
  readonly before: number;
  readonly after: number;
  /** Customers that would have the same parties. */
  readonly unchanged: number;
  readonly gained: readonly ChangedCustomer[];
  readonly lost: readonly ChangedCustomer[];
}

type CustomerOf = Identity['customerOf'];

/** What becomes of customers where the same links and decisions are resolved by other rules. */
export function compareIdentities(
  parties: Iterable<Party>,
  links: readonly Link[],
  before: Pick<Identity, 'customerOf' | 'refused'>,
  after: Pick<Identity, 'customerOf' | 'refused'>,
): IdentityComparison {
  const were = new Map<Party, Map<Party, Party[]>>();
  const are = new Map<Party, Map<Party, Party[]>>();
  for (const party of parties) {
    const [old, now] = [before.customerOf(party), after.customerOf(party)];
    put(were, old, now, party);
    put(are, now, old, party);
  }
  const unchanged = [...were.values()].filter((parts) => {
    const [now] = parts.keys();
    return parts.size === 1 && are.get(now as Party)?.size === 1;
  }).length;
  return {
    before: were.size,
    after: are.size,
    unchanged,
    gained: changed(are, linksBetween(links, before, after)),
    lost: changed(were, linksBetween(links, after, before)),
  };
}

function put(sides: Map<Party, Map<Party, Party[]>>, whole: Party, part: Party, party: Party): void {
  let parts = sides.get(whole);
  if (parts === undefined) sides.set(whole, (parts = new Map<Party, Party[]>()));
  const known = parts.get(part);
  if (known === undefined) parts.set(part, [party]);
  else known.push(party);
}

/** The links that join in `joined` what is apart in `apart`, by the customer that they make there. */
function linksBetween(
  links: readonly Link[],
  apart: { readonly customerOf: CustomerOf; readonly refused: Identity['refused'] },
  joined: { readonly customerOf: CustomerOf; readonly refused: Identity['refused'] },
): Map<Party, number[]> {
  const found = new Map<Party, number[]>();
  links.forEach(({ a, b }, index) => {
    if (apart.refused[index] === undefined || joined.refused[index] !== undefined) return;
    if (apart.customerOf(a) === apart.customerOf(b)) return;
    const customer = joined.customerOf(a);
    const known = found.get(customer);
    if (known === undefined) found.set(customer, [index]);
    else known.push(index);
  });
  return found;
}

function changed(
  sides: ReadonlyMap<Party, ReadonlyMap<Party, readonly Party[]>>,
  links: ReadonlyMap<Party, readonly number[]>,
): ChangedCustomer[] {
  return [...sides].flatMap(([party, parts]) =>
    parts.size === 1 ? [] : [{ party, sides: [...parts.values()], links: links.get(party) ?? [] }],
  );
}
