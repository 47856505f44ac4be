import { compareParties, type CardParty } from '@threadline/projections/render-card';
import type { Vault } from '@threadline/vault/vault';
import type { KnownParty } from './customer-rows.js';

/** A party with what the vault says of it. */
export type OpenParty<Party extends KnownParty = KnownParty> = CardParty & Pick<Party, 'handle' | 'naming'>;

/** In the order in which they were first seen. Those whose key is gone are left out. */
export async function openParties<Party extends KnownParty>(
  vault: Vault,
  parties: readonly Party[],
): Promise<OpenParty<Party>[]> {
  const keyring = await vault.keys(parties.map(({ handle }) => handle));
  return parties
    .flatMap(({ handle, naming }): OpenParty<Party>[] => {
      const record = keyring.party(handle);
      return record === undefined
        ? []
        : [{ handle, id: record.party, kind: record.kind, value: record.value, naming }];
    })
    .sort(compareParties);
}

/** The first `count` by time, and those that were first seen at the same time as the last of them. */
export function firstSeen<Party extends KnownParty>(
  parties: readonly Party[],
  count: number,
): readonly Party[] {
  if (parties.length <= count) return parties;
  const last = parties.map(({ naming }) => naming.first).sort((a, b) => a - b)[count - 1] ?? Infinity;
  return parties.filter(({ naming }) => naming.first <= last);
}

/** The id of the customer that these parties are. */
export async function idOf(vault: Vault, parties: readonly KnownParty[]): Promise<string | undefined> {
  const [first] = await openParties(vault, firstSeen(parties, 1));
  return first?.id;
}
