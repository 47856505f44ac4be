import type { Strength } from '@threadline/domain/identifier';
import type { NaiveAnswer, NaiveCustomer } from '@threadline/projections/naive';
import type { NaivePair } from '@threadline/projections/naive-identity';
import type { CustomerReads, IdentityLink, RefusedLink } from '../customers/customer-reads.js';
import { MOST_REFUSED } from '../identity/identity-reads.js';

const PAGE = 200;

/** Who is who on a customer, each link as a line. */
export interface IdentityTold {
  readonly parties: unknown[];
  readonly links: string[];
  readonly refused: string[];
}

const linkTold = ({ a, b, event, rule, strength, at }: IdentityLink): string =>
  `${a} ${b} ${event} ${rule} ${strength} ${at}`;

const joinsTold = (joins: RefusedLink['joins']): string =>
  joins === null ? 'nobody' : `${joins.customer} ${joins.parties}`;

/** As the naive replay has it. */
export function naiveIdentityTold(customer: NaiveCustomer, answer: NaiveAnswer): IdentityTold {
  const line = (link: NaivePair, rule: string, strength: Strength): string => {
    const [a = '', b = ''] = [link.a, link.b].sort();
    return linkTold({ a, b, event: link.event, rule, strength, at: new Date(link.at).toISOString() });
  };
  const joins = (link: NaivePair): string => {
    const other = [link.a, link.b].map((end) => answer.customerOf(end)).find((one) => one !== customer);
    return joinsTold(other === undefined ? null : { customer: other.id, parties: other.ids.length });
  };
  const links = customer.links.map((link) => line(link, 'same-event', link.strength));
  const decided = customer.decided.map((pair) => line(pair, 'person', 'verified'));
  return {
    parties: customer.parties.map(({ id, kind, value, strength, rows }) => ({
      ...{ id, kind, value, strength },
      events: rows.length,
    })),
    links: [...links, ...decided].sort(),
    refused: customer.refused.map((link) => `${line(link, link.rule, link.strength)} ${joins(link)}`).sort(),
  };
}

/** As the pages tell it. `isCut`: not all refused links are on them. */
export async function identityTold(
  reads: CustomerReads,
  id: string,
): Promise<IdentityTold & { readonly isCut: boolean }> {
  const parties: unknown[] = [];
  const links: string[] = [];
  const refused: string[] = [];
  let isCut = false;
  let cursor: string | undefined;
  do {
    const page = await reads.identity(id, { limit: PAGE, ...(cursor && { cursor }) }, {});
    parties.push(...(page?.parties ?? []));
    links.push(...(page?.links ?? []).map(linkTold));
    refused.push(...(page?.refused ?? []).map((link) => `${linkTold(link)} ${joinsTold(link.joins)}`));
    isCut ||= (page?.refused.length ?? 0) >= MOST_REFUSED;
    cursor = page?.next ?? undefined;
  } while (cursor !== undefined);
  return { parties, links: links.sort(), refused: refused.sort(), isCut };
}
