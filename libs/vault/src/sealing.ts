import type { Json } from '@threadline/domain/canonical-json';
import { categoryOf, namedIn, withNamed } from '@threadline/domain/decision';
import { channelOf } from '@threadline/domain/event-catalogue';
import { homeIndex, type Identifier } from '@threadline/domain/identifier';
import type { Hash } from '@threadline/domain/ids';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import type { ReceivedEvent } from '@threadline/domain/interaction';
import {
  clearData,
  declaresClear,
  type ClearData,
  type StoredEvent,
  type StoredParty,
} from '@threadline/domain/stored-event';
import type { Handle, Keyring } from './vault.js';

/** An event of the log, with all that can still be read of it. */
export interface OpenedEvent {
  readonly stored: StoredEvent;
  /**
   * The clear part: as declared, or, for a type that is not in the catalogue, computed from what was opened; of a
   * forgotten one of those only the channel is left.
   */
  readonly clear: ClearData;
  /**
   * The event as it came, `time` filled in; undefined when it is forgotten. An identifier whose own key is gone is
   * `{ kind, strength, forgotten: true }`, in a decision without `strength`.
   */
  readonly cloudEvent: CloudEventJson | undefined;
  /** Like `stored.parties`: kind and value as the vault has them (normalised); `undefined` where that key is gone. */
  readonly identifiers: readonly (Identifier | undefined)[];
  /** The key that the event itself was sealed under is gone. */
  readonly forgotten: boolean;
}

const eventContext = (eventId: string): string => `${eventId}/event`;
const identifierContext = (eventId: string, index: number): string => `${eventId}/${index}`;

/**
 * The event as it is stored. `handles` are those of its identifiers, in order, or the one of its stream where it
 * names nobody; the ring holds their keys.
 */
export function sealEvent(
  received: ReceivedEvent,
  handles: readonly Handle[],
  keyring: Keyring,
  hash: Hash,
): StoredEvent {
  const { eventId, type, cloudEvent, identifiers } = received;
  if (handles.length !== Math.max(identifiers.length, 1)) {
    throw new TypeError('sealing takes a handle for each identifier, or one for the stream');
  }
  const came = namedIn(type, cloudEvent.data);
  const home = homeIndex(identifiers);
  const key = handles[Math.max(home, 0)] as Handle;
  const parties = identifiers.map(({ kind, strength }, index): StoredParty => {
    const original = came[index] ?? null;
    const party = {
      key: handles[index] as Handle,
      kind,
      strength,
      ...(nameOf(original) && { named: true as const }),
    };
    if (index === home) return party;
    return {
      ...party,
      box: keyring.seal(party.key, identifierContext(eventId, index), JSON.stringify(original)),
    };
  });
  const onlyHome =
    parties.length < 2
      ? cloudEvent
      : withNamed(
          cloudEvent,
          came.map((one, i) => (i === home ? one : null)),
        );
  return {
    v: 1,
    source: cloudEvent.source,
    at: received.at,
    ...(received.arrived && { arrived: true }),
    ...(received.mode && { mode: received.mode }),
    hash: received.hash,
    parties,
    home,
    ...(declaresClear(type) && { clear: clearData(type, cloudEvent.data ?? {}, hash) }),
    key,
    box: keyring.seal(key, eventContext(eventId), JSON.stringify(onlyHome)),
  };
}

/**
 * The reverse, as far as the keys are there: a key that is gone makes `forgotten`, never an error. Throws
 * `DamagedBoxError` where a box is not what was sealed.
 */
export function openEvent(
  eventId: string,
  type: string,
  stored: StoredEvent,
  keyring: Keyring,
  hash: Hash,
): OpenedEvent {
  const text = keyring.open(stored.key, eventContext(eventId), stored.box);
  const sealed = text === undefined ? undefined : (JSON.parse(text) as CloudEventJson);
  const came = sealed === undefined ? [] : namedIn(type, sealed.data);
  const originals = stored.parties.map((party, index): Json | undefined => {
    if (party.box === undefined) return came[index];
    const opened = keyring.open(party.key, identifierContext(eventId, index), party.box);
    return opened === undefined ? undefined : (JSON.parse(opened) as Json);
  });
  if (sealed === undefined) {
    const clear = stored.clear ?? { channel: channelOf(type, undefined) };
    return new Opened(stored, clear, undefined, originals, keyring);
  }
  const cloudEvent =
    stored.parties.length < 2
      ? sealed
      : withNamed(
          sealed,
          stored.parties.map((party, index) => originals[index] ?? forgottenOf(type, party)),
        );
  const clear = stored.clear ?? clearData(type, cloudEvent.data ?? {}, hash);
  return new Opened(stored, clear, cloudEvent, originals, keyring);
}

/** A class, as an object literal with a getter is slow to make, and lives until the whole heap is collected. */
class Opened implements OpenedEvent {
  #identifiers: readonly (Identifier | undefined)[] | undefined;

  constructor(
    readonly stored: StoredEvent,
    readonly clear: ClearData,
    readonly cloudEvent: CloudEventJson | undefined,
    private readonly originals: readonly (Json | undefined)[],
    private readonly keyring: Keyring,
  ) {}

  get forgotten(): boolean {
    return this.cloudEvent === undefined;
  }

  /** Who they are takes a box of the vault each: opened when somebody asks. */
  get identifiers(): readonly (Identifier | undefined)[] {
    return (this.#identifiers ??= this.stored.parties.map(({ key, strength }, index) => {
      const record = this.keyring.party(key);
      if (record === undefined) return undefined;
      const name = nameOf(this.originals[index] ?? null);
      return { kind: record.kind, value: record.value, strength, ...(name && { name }) };
    }));
  }
}

const forgottenOf = (type: string, { kind, strength }: StoredParty): Json =>
  categoryOf(type) === 'identity' ? { kind, forgotten: true } : { kind, strength, forgotten: true };

/** A name is a string with more than white space in it. */
export function nameOf(identifier: Json): string | undefined {
  if (identifier === null || typeof identifier !== 'object' || Array.isArray(identifier)) return undefined;
  const { name } = identifier;
  return typeof name === 'string' && name.trim() !== '' ? name : undefined;
}
