import { blocks, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import type { Vault } from '@threadline/vault/vault';

/** Handles whose values are looked at in one visit to the vault. */
const CHUNK = 5_000;

/** The rules by which a party never links are of its value: the vault tells it. */
export async function blockedBy(
  rules: IdentityRules,
  parties: Iterable<number>,
  vault: Vault,
): Promise<Set<number>> {
  const isBlocked = blocks(rules);
  const blocked = new Set<number>();
  const all = [...parties];
  for (let from = 0; from < all.length; from += CHUNK) {
    const chunk = all.slice(from, from + CHUNK);
    const keyring = await vault.keys(chunk);
    for (const handle of chunk) {
      const record = keyring.party(handle);
      if (record !== undefined && isBlocked(record.kind, record.value)) blocked.add(handle);
    }
  }
  return blocked;
}
