import { STRENGTHS, type Strength } from '@threadline/domain/identifier';
import type { Vault } from '@threadline/vault/vault';
import { isReviewPlace, readCursor, writeCursor } from '../customers/cursor.js';
import type { IdentityReview, ReviewsPage } from '../customers/customer-reads.js';
import type { CustomerRows } from '../customers/customer-rows.js';
import { SAME_EVENT } from './identity-reads.js';
import { idOf } from '../customers/open-parties.js';
import type { LinkRow } from './identity-rows.js';

/** The links that wait for a person, with what each would bring together. One of somebody forgotten is left out. */
export async function reviewsPage(
  { rows, vault }: { readonly rows: CustomerRows; readonly vault: Vault },
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<ReviewsPage> {
  const after = cursor === undefined ? undefined : readCursor(cursor, isReviewPlace);
  const found = await rows.identity.reviews(after, limit + 1);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const reviews = await Promise.all(shown.map((link) => review(link, rows, vault)));
  return {
    reviews: reviews.filter((one) => one !== undefined),
    next: found.length > limit && last ? writeCursor([last.position, last.a, last.b]) : null,
  };
}

async function review(link: LinkRow, rows: CustomerRows, vault: Vault): Promise<IdentityReview | undefined> {
  const keyring = await vault.keys([link.a, link.b]);
  const labels = await rows.customersOf([link.a, link.b]);
  const sides: IdentityReview['sides'] = [];
  for (const [index, handle] of [link.a, link.b].entries()) {
    const record = keyring.party(handle);
    const label = labels[index];
    if (record === undefined || label === undefined) return undefined;
    const parties = await rows.parties(label);
    const customer = await idOf(vault, parties);
    if (customer === undefined) return undefined;
    const { party: id, kind, value } = record;
    sides.push({
      party: { id, kind, value },
      customer,
      parties: parties.length,
      events: await rows.eventsOf(label),
    });
  }
  return {
    event: link.event,
    rule: SAME_EVENT,
    strength: STRENGTHS[link.strength] as Strength,
    at: new Date(link.at).toISOString(),
    sides: sides.sort((a, b) => (a.party.id < b.party.id ? -1 : 1)),
  };
}
