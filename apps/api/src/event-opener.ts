import type { JsonObject } from '@threadline/domain/canonical-json';
import { categoryOf } from '@threadline/domain/decision';
import type { StoredEvent } from '@threadline/domain/stored-event';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { openEvent, type OpenedEvent } from '@threadline/vault/sealing';
import type { Handle, Keyring, Vault } from '@threadline/vault/vault';
import type { LiveEvent } from './live-block.js';
import { storedOf } from './stored-of.js';

/** Opens stored events for those who may read them; one visit to the vault a batch. */
export class EventOpener {
  constructor(private readonly vault: Pick<Vault, 'keys' | 'hash'>) {}

  /** Each as the CloudEvent that it came as, with the extensions that say where it stands in the log. */
  async cloudEvents(events: readonly RecordedEvent[]): Promise<JsonObject[]> {
    const keyring = await this.#keyring(events.map(storedOf));
    return events.map((event) => this.#cloudEvent(event, keyring));
  }

  /** Each with what is clear of it and whom it names; those that cannot be read are left out. */
  async clear(events: readonly RecordedEvent[]): Promise<LiveEvent[]> {
    const known = events.map((event) => ({ event, stored: storedOf(event) }));
    const keyring = await this.#keyring(known.map(({ stored }) => stored));
    return known.flatMap(({ event, stored }): LiveEvent[] => {
      if (stored === undefined) return [];
      // Only what is of an unknown type has to be opened for it.
      const clear = stored.clear ?? this.#open(event, stored, keyring)?.clear;
      if (clear === undefined) return [];
      const named = stored.parties.flatMap(({ key }) => keyring.party(key)?.party ?? []);
      return [{ event, stored, clear, named }];
    });
  }

  #keyring(events: readonly (StoredEvent | undefined)[]): Promise<Keyring> {
    const handles = new Set<Handle>();
    for (const event of events) {
      if (event === undefined) continue;
      handles.add(event.key);
      for (const { key } of event.parties) handles.add(key);
    }
    return this.vault.keys(handles);
  }

  #open(event: RecordedEvent, stored: StoredEvent, keyring: Keyring): OpenedEvent | undefined {
    try {
      return openEvent(event.id, event.type, stored, keyring, (...parts) => this.vault.hash(...parts));
    } catch {
      return undefined;
    }
  }

  #cloudEvent(event: RecordedEvent, keyring: Keyring): JsonObject {
    const stored = storedOf(event);
    const opened = stored === undefined ? undefined : this.#open(event, stored, keyring);
    return {
      ...(opened?.cloudEvent ?? unopened(event, stored, opened)),
      threadlineposition: String(event.position),
      threadlinerecordedat: new Date(event.recordedAt).toISOString(),
      threadlineevent: event.id,
    };
  }
}

/** What can be told of an event that is forgotten, or that does not open: the adapter's id is sealed with the rest. */
const unopened = (
  event: RecordedEvent,
  stored: StoredEvent | undefined,
  opened: OpenedEvent | undefined,
): JsonObject => ({
  specversion: '1.0',
  id: event.id,
  source: stored?.source ?? 'threadline',
  type: event.type,
  time: new Date(stored?.at ?? event.recordedAt).toISOString(),
  datacontenttype: 'application/json',
  data: opened === undefined ? { unreadable: true } : { forgotten: true, ...remains(event.type, opened) },
});

/**
 * What is left of an event whose own key is gone. Of a decision it is whom it still names, each on its side: who is left
 * has been decided on as before, and it can be sent back.
 */
function remains(type: string, { stored, clear, identifiers }: OpenedEvent): JsonObject {
  if (categoryOf(type) !== 'identity') return { ...clear };
  const named = stored.parties.map(({ kind }, index): JsonObject => {
    const known = identifiers[index];
    return known === undefined ? { kind, forgotten: true } : { kind: known.kind, value: known.value };
  });
  const { firstSide } = clear;
  if (firstSide === undefined) return { parties: named };
  return { parties: named.slice(0, firstSide), rest: named.slice(firstSide) };
}
