import type { JsonObject } from '@threadline/domain/canonical-json';
import type { Strength } from '@threadline/domain/identifier';
import type { NaiveRules } from './naive-rules.js';

/** An identifier as the log has it: normalised, its strength filled in. */
export interface NaiveIdentifier {
  /** 32 hex digits. */
  readonly party: string;
  readonly kind: string;
  readonly value: string;
  readonly strength: Strength;
  readonly name?: string;
}

/** `data` of a CloudEvent, opened, with its identifiers as the log has them. */
export type NaiveData = Omit<JsonObject, 'identifiers'> & {
  readonly identifiers?: readonly NaiveIdentifier[];
};

/**
 * One event of the log. `data` is asked for twice, when the event is met and when its customer is, and is never kept:
 * over a large log let it be a getter that opens the event again.
 */
export interface NaiveFact {
  /** Our id of it. */
  readonly event: string;
  /** 32 hex digits. */
  readonly interaction: string;
  readonly position: number;
  /** Milliseconds. */
  readonly recordedAt: number;
  readonly type: string;
  readonly source: string;
  /** The adapter's id of it. */
  readonly id: string;
  /** Business time, milliseconds. */
  readonly at: number;
  readonly data: NaiveData;
}

/** A party as a decision names it. */
export type NaiveNamed = Pick<NaiveIdentifier, 'party' | 'kind' | 'value'>;

/** What a person said of parties, `identity.linked` or `identity.unlinked` in the log. */
export interface NaiveSaid {
  /** Our id of it. */
  readonly event: string;
  readonly position: number;
  /** Business time, milliseconds. */
  readonly at: number;
  readonly says: 'link' | 'unlink';
  readonly parties: readonly NaiveNamed[];
  /** Of an unlink: the rest of the customer as it was then. */
  readonly rest: readonly NaiveNamed[];
}

/** Rules that were applied, `identity.rules.applied` in the log. */
export interface NaiveRuled {
  readonly position: number;
  readonly rules: NaiveRules;
}

/** Anything that the log holds. */
export type NaiveRecord = NaiveFact | NaiveSaid | NaiveRuled;
