import type { Category } from '@threadline/domain/decision';
import { isKnownType } from '@threadline/domain/event-catalogue';
import { STRENGTHS, type Strength } from '@threadline/domain/identifier';
import type { ClearData, StoredEvent, StoredParty } from '@threadline/domain/stored-event';
import { upcast } from '@threadline/domain/upcast';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import type { ProjectedEvent } from '@threadline/projections/projected-event';
import { openEvent } from '@threadline/vault/sealing';
import type { Vault } from '@threadline/vault/vault';

/** An event of an interaction, read from the log. */
export interface LoggedEvent extends ProjectedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly recordedAt: number;
  readonly stored: StoredEvent;
}

/** An event that cannot be used, and why. */
export interface Unusable {
  readonly event: RecordedEvent;
  readonly reason: string;
}

const INTERACTION = 'interaction-';
export const isInteraction = (stream: string): boolean => stream.startsWith(INTERACTION);
export const isOfInteraction = ({ stream }: { readonly stream: string }): boolean => isInteraction(stream);
export const isOf = (category: Category, { stream }: { readonly stream: string }): boolean =>
  stream.startsWith(`${category}-`);
/** It names people: what happened with them, or what was decided of them. */
export const isOfCustomers = (event: { readonly stream: string }): boolean =>
  isOfInteraction(event) || isOf('identity', event);
export const interactionOf = (stream: string): string => stream.slice(INTERACTION.length);

/** Events of the log as projections take them; those that are none (bad JSON, an unknown version) apart. */
export interface Decoded {
  readonly logged: LoggedEvent[];
  readonly unusable: Unusable[];
}

/** A byte order mark stays, as it does in `text`: it is no JSON. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export async function decode(events: readonly RecordedEvent[], vault: Vault): Promise<Decoded> {
  const parsed: { event: RecordedEvent; stored: StoredEvent }[] = [];
  const unusable: Unusable[] = [];
  const sealedWholly: { stored: StoredEvent }[] = [];
  for (const event of events) {
    try {
      const stored = upcast(JSON.parse(event.text ?? decoder.decode(event.data)));
      checkStored(stored);
      if (!isKnownType(event.type)) sealedWholly.push({ stored });
      else if (stored.clear === undefined) throw new TypeError('clear is missing');
      parsed.push({ event, stored });
    } catch (error) {
      unusable.push({ event, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  // A type that is not in the catalogue is sealed wholly: even its channel has to be opened.
  const keyring = await vault.keys(handlesOf(sealedWholly));
  const logged: LoggedEvent[] = [];
  for (const { event, stored } of parsed) {
    try {
      const clear =
        isKnownType(event.type) && stored.clear !== undefined
          ? stored.clear
          : openEvent(event.id, event.type, stored, keyring, vault.hash).clear;
      checkClear(clear);
      logged.push(toLogged(event, stored, clear));
    } catch (error) {
      unusable.push({ event, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { logged, unusable };
}

/** Greatest distance from 1970 that a Date can hold, in milliseconds. */
const LAST = 8.64e15;
const AMOUNT = /^-?\d+(\.\d+)?$/;

/** What the gateway lets in always passes; what came into the log in another way may not. */
function checkStored({ at, parties, home, key }: StoredEvent): void {
  if (!Number.isInteger(at) || Math.abs(at) > LAST) throw new TypeError('at is not a time');
  if (!Array.isArray(parties)) throw new TypeError('parties is not a list');
  if (!Number.isInteger(home) || home < -1 || home >= parties.length)
    throw new TypeError('home is not a party');
  if (!Number.isSafeInteger(key)) throw new TypeError('key is not a handle');
  for (const party of parties as readonly Partial<StoredParty>[]) {
    if (!Number.isSafeInteger(party?.key) || !STRENGTHS.includes(party.strength as Strength))
      throw new TypeError('a party is malformed');
  }
}

function checkClear({ channel, purchase, survey }: ClearData): void {
  if (typeof channel !== 'string') throw new TypeError('channel is not a text');
  if (survey !== undefined && !Number.isFinite(survey.score)) throw new TypeError('score is not a number');
  if (purchase === undefined) return;
  if (!AMOUNT.test(purchase.total)) throw new TypeError('total is not an amount');
  for (const { quantity, price } of purchase.items ?? []) {
    if (!AMOUNT.test(price)) throw new TypeError('price is not an amount');
    if (!Number.isFinite(quantity)) throw new TypeError('quantity is not a number');
  }
}

const toLogged = (event: RecordedEvent, stored: StoredEvent, clear: LoggedEvent['clear']): LoggedEvent => ({
  id: event.id,
  type: event.type,
  position: event.position,
  at: stored.at,
  parties: stored.parties,
  home: stored.home,
  clear,
  stream: event.stream,
  revision: event.revision,
  recordedAt: event.recordedAt,
  stored,
});

/** The handles whose keys opening these events takes; some come several times. */
export function* handlesOf(events: Iterable<{ readonly stored: StoredEvent }>): Iterable<number> {
  for (const { stored } of events) {
    yield stored.key;
    for (const { key } of stored.parties) yield key;
  }
}
