import type { Position } from '@threadline/event-store/event-store';
import type { Vault } from '@threadline/vault/vault';
import type { IngestLog } from './interaction-states.js';

export const INGEST_LOG = Symbol('IngestLog');

/** What ingest asks of the vault: keys to seal with, durable before the events. */
export type IngestVault = Pick<Vault, 'handlesFor' | 'handlesForInteractions' | 'commit' | 'keys' | 'hash'>;

/** What ingest is made of; the composition root opens and closes it. */
export interface IngestParts {
  readonly log: IngestLog;
  readonly vault: IngestVault;
  /** Of phone numbers that come without one: ISO 3166 alpha-2. */
  readonly country?: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** In a process of its own: nobody asks for appends and health on topics. */
  readonly alone?: boolean;
  /** Told the position of the last event after whatever was appended. */
  readonly onAppended: (position: Position) => void;
  /** Told of errors that nobody foresaw, and of a disk that failed. */
  readonly unforeseen: (error: unknown) => void;
}
