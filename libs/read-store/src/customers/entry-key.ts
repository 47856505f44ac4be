/** Business times from here on sort as unsigned bytes (the least that a Date can hold is -8.64e15). */
const OFFSET = 8.64e15;
const WORD = 2 ** 32;

/** Below every key, and above. */
export const LEAST: Uint8Array = Buffer.alloc(24);
export const GREATEST: Uint8Array = Buffer.alloc(24, 0xff);

/**
 * The place of an entry on a party's timeline: 24 bytes that sort as (time, event id) do. 8 bytes of time, big-endian,
 * then the event's UUID.
 */
export const entryKey = (at: number, event: string): Uint8Array =>
  entryKeyOf(at, Buffer.from(event.replaceAll('-', ''), 'hex'));

/** The same from the 16 bytes of the UUID. */
export function entryKeyOf(at: number, event: Uint8Array): Uint8Array {
  const key = Buffer.allocUnsafe(24);
  writeTime(key, at);
  key.set(event, 8);
  return key;
}

function writeTime(key: Buffer, at: number): void {
  const shifted = at + OFFSET;
  key.writeUInt32BE(Math.floor(shifted / WORD), 0);
  key.writeUInt32BE(shifted % WORD, 4);
}

/** The first place at or after that time. */
export function firstKeyAt(at: number): Uint8Array {
  const key = Buffer.alloc(24);
  writeTime(key, Math.min(Math.max(at, -OFFSET), OFFSET));
  return key;
}

/** The least place that is greater: of the same length, one more in the last byte. */
export function placeAfter(key: Uint8Array): Uint8Array {
  const next = Buffer.from(key);
  for (let i = next.length - 1; i >= 0; i--) {
    if ((next[i] = ((next[i] as number) + 1) & 0xff) !== 0) break;
  }
  return next;
}
