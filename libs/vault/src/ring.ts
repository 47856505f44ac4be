import type { KeyObject } from 'node:crypto';
import { openBytes, sealBytes } from './box.js';
import { DamagedBoxError, KeyGoneError } from './errors.js';
import type { RecentMap } from './recent-map.js';
import type { Box, Handle, Keyring, PartyRecord } from './vault.js';

/** A key at hand. */
export interface Entry {
  readonly key: KeyObject;
  /** The id of its party or interaction. */
  readonly owner: string;
  /** A party's kind and value, sealed; null for an interaction's key. */
  readonly box: Uint8Array | null;
  /** `box`, opened when first asked for. */
  record: PartyRecord | undefined;
}

const recordContext = (handle: Handle): string => `party/${handle}`;

/** Who a party is, under its own key: without the key nobody can tell. */
export const sealRecord = (key: KeyObject, handle: Handle, kind: string, value: string): Buffer =>
  sealBytes(key, recordContext(handle), JSON.stringify([kind, value]));

function openRecord(handle: Handle, { key, owner }: Entry, box: Uint8Array): PartyRecord {
  const [kind, value] = JSON.parse(openBytes(key, recordContext(handle), box).toString('utf8')) as unknown[];
  if (typeof kind !== 'string' || typeof value !== 'string') throw new DamagedBoxError(recordContext(handle));
  return { handle, party: owner, kind, value };
}

/** Keys by handle. */
export class Ring implements Keyring {
  constructor(
    private readonly keyOf: (handle: Handle) => KeyObject | undefined,
    private readonly entryOf: (handle: Handle) => Entry | undefined,
    /** Who was asked for already, beyond the entries at hand. */
    private readonly records?: RecentMap<Handle, PartyRecord>,
  ) {}

  seal(handle: Handle, context: string, text: string): Box {
    const key = this.keyOf(handle);
    if (key === undefined) throw new KeyGoneError();
    return sealBytes(key, context, text).toString('base64');
  }

  open(handle: Handle, context: string, box: Box): string | undefined {
    const key = this.keyOf(handle);
    return key && openBytes(key, context, Buffer.from(box, 'base64')).toString('utf8');
  }

  party(handle: Handle): PartyRecord | undefined {
    const known = this.records?.get(handle);
    if (known !== undefined) return known;
    const entry = this.entryOf(handle);
    if (entry === undefined || entry.box === null) return undefined;
    entry.record ??= openRecord(handle, entry, entry.box);
    this.records?.set(handle, entry.record);
    return entry.record;
  }
}
