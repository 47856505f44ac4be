import type { JsonObject } from '@threadline/domain/canonical-json';
import type { DecidedBy } from '@threadline/domain/decision';
import { readIdentityRules, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { upcast } from '@threadline/domain/upcast';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { openEvent } from '@threadline/vault/sealing';
import type { Vault } from '@threadline/vault/vault';

/** An event of `rules-…` that holds no rules. */
export class UnreadableRulesError extends Error {
  readonly code = 'unreadable-rules';
  readonly retriable = false;
  constructor(position: number, reason: string) {
    super(`the identity rules at position ${position} cannot be read: ${reason}`);
    this.name = 'UnreadableRulesError';
  }
}

/** What an event says that puts identity rules in force. */
export interface OpenedRules {
  readonly rules: IdentityRules;
  readonly by: DecidedBy | undefined;
}

/**
 * The identity rules that an event puts in force, and who did it.
 * @throws UnreadableRulesError
 */
export async function openRulesEvent(
  event: RecordedEvent,
  vault: Pick<Vault, 'keys' | 'hash'>,
): Promise<OpenedRules> {
  const wrong = (reason: string): UnreadableRulesError => new UnreadableRulesError(event.position, reason);
  let data: JsonObject | undefined;
  try {
    const stored = upcast(JSON.parse(Buffer.from(event.data).toString('utf8')));
    const keyring = await vault.keys([stored.key]);
    const opened = openEvent(event.id, event.type, stored, keyring, vault.hash.bind(vault));
    data = opened.cloudEvent?.data;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
  const read = readIdentityRules(data?.['rules'] ?? null);
  if ('rules' in read) return { rules: read.rules, by: data?.['by'] as DecidedBy | undefined };
  throw wrong(read.problems.map(({ path, message }) => `${path} ${message}`).join('; '));
}

/**
 * The identity rules that an event puts in force.
 * @throws UnreadableRulesError
 */
export const openRules = async (event: RecordedEvent, vault: Vault): Promise<IdentityRules> =>
  (await openRulesEvent(event, vault)).rules;
