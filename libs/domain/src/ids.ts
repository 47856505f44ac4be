/** A keyed hash that keeps its parts apart, as 32 lower-case hex digits. Passed in: this room has no key. */
export type Hash = (...parts: string[]) => string;

/** `interaction-<id>` is the stream of one interaction: everything with one `source` and `object`. */
export const interactionId = (hash: Hash, source: string, object: string): string =>
  hash('interaction', source, object);

export const interactionStream = (id: string): string => `interaction-${id}`;

/** The id of a party: of one identifier, already normalised. */
export const partyId = (hash: Hash, kind: string, value: string): string => hash('party', kind, value);

/** Our id of an event, a UUID of version 8 (RFC 9562: hash-based, our own layout), from what the adapter called it. */
export function eventId(hash: Hash, source: string, id: string): string {
  const h = hash('event', source, id);
  const variant = ((Number.parseInt(h.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`;
}

/** The keyed hash of an event's content as it was sent (canonical JSON): what a second copy is compared by. */
export const contentHash = (hash: Hash, canonical: string): string => hash('content', canonical);

/** Stands for a promise's id in the log, where the id itself is sealed. */
export const promiseToken = (hash: Hash, id: string): string => hash('promise', id).slice(0, 16);
