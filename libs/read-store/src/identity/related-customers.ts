import type { Vault } from '@threadline/vault/vault';
import type { RelatedCustomers } from '../customers/customer-reads.js';
import type { CustomerRows, KnownParty } from '../customers/customer-rows.js';
import type { Cut } from './identity-rows.js';

/** Customers that are told of by one shared identifier, and shared identifiers that are told of by one customer. */
const MOST = 50;
/** Parties looked at for them: a company has more people than anybody reads about. */
const MOST_MEMBERS = 500;

/** Who a party's customer is, live or in the past; undefined where it was nobody then. */
export type Describe = (party: number) => Promise<{ id: string; name: string | null } | undefined>;

/**
 * Everybody else who was seen with an identifier that these parties were seen with, where it was named as shared. They
 * are related (a household, a company) and not the same.
 */
export async function relatedCustomers(
  { rows, vault }: { readonly rows: CustomerRows; readonly vault: Vault },
  parties: readonly KnownParty[],
  cut: Cut,
  describe: Describe,
): Promise<RelatedCustomers[]> {
  const mine = new Set(parties.map(({ handle }) => handle));
  const shared = await rows.identity.sharedOf([...mine], cut, MOST);
  const keyring = await vault.keys(shared);
  const found: RelatedCustomers[] = [];
  for (const one of shared) {
    const via = keyring.party(one);
    if (via === undefined) continue;
    const customers = new Map<string, { id: string; name: string | null }>();
    for (const member of await rows.identity.membersOf(one, cut, MOST_MEMBERS)) {
      if (customers.size >= MOST) break;
      if (mine.has(member)) continue;
      const customer = await describe(member);
      if (customer !== undefined) customers.set(customer.id, customer);
    }
    if (customers.size === 0) continue;
    const inOrder = [...customers.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    found.push({ via: { id: via.party, kind: via.kind, value: via.value }, customers: inOrder });
  }
  return found.sort((a, b) => (a.via.id < b.via.id ? -1 : 1));
}
