import { SHOWN, type CardSource } from '@threadline/projections/render-card';
import type { Summary } from '@threadline/projections/summary';
import type { Vault } from '@threadline/vault/vault';
import { nameOf, type KnownParty } from './customer-rows.js';
import { firstSeen, openParties, type OpenParty } from './open-parties.js';

/** What a card is rendered from: of more parties than it shows only those that were first seen are opened. */
export async function cardSource<Party extends KnownParty>(
  vault: Vault,
  { parties, summary }: { readonly parties: readonly Party[]; readonly summary: Summary },
): Promise<(CardSource & { readonly parties: readonly OpenParty<Party>[] }) | undefined> {
  const opened = await openParties(vault, firstSeen(parties, SHOWN));
  const shown = opened.slice(0, SHOWN);
  if (shown.length === 0) return undefined;
  const gone = parties.length <= SHOWN ? parties.length - shown.length : 0;
  return { summary, parties: shown, total: parties.length - gone, name: nameOf(parties) };
}
