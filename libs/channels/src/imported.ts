import type { CloudEventJson } from '@threadline/domain/cloud-event';
import type { OwnAddresses } from './own-addresses.js';

/** One thing wrong with an item; `path` is a JSON Pointer into it where it is JSON, else a word for the place. */
export interface ImportProblem {
  readonly path: string;
  readonly message: string;
}

/** An event made of an item. */
export interface ImportedEvent {
  readonly kind: 'event';
  /** What a person finds it again by: the file, and where in it. */
  readonly item: string;
  readonly event: CloudEventJson;
  /** What had to be guessed, left out or cut; for the person who imports, not for the hub. */
  readonly notes: readonly string[];
  /** Bytes of its attachments, which are described in the event and not kept yet. */
  readonly attachmentBytes: number;
}

/** An item of which no event was made. */
export interface Refusal {
  readonly kind: 'refused';
  readonly item: string;
  readonly reason: string;
  readonly problems: readonly ImportProblem[];
}

export type Imported = ImportedEvent | Refusal;

/** A file, or standard input. Read once, in order. */
export interface ImportInput {
  /** As a person names it. */
  readonly name: string;
  /** Already unpacked: see `unpacked`. */
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface ImportOptions {
  /** Tells what we sent from what came in. */
  readonly own: OwnAddresses;
  /** The `source` of the events, instead of the format's own. */
  readonly source?: string;
  /** ISO 3166, two letters: of phone numbers that come without one. */
  readonly country?: string;
}

/** A format: items in, events and refusals out. It throws only where the input itself cannot be read. */
export type Importer = (input: ImportInput, options: ImportOptions) => AsyncGenerator<Imported>;

export const refused = (item: string, reason: string, problems: readonly ImportProblem[] = []): Refusal => ({
  kind: 'refused',
  item,
  reason,
  problems,
});

/** The most that one item may take; what is larger is refused by name, so that memory stays bounded. */
export const LARGEST_ITEM = 64 * 1024 * 1024;
