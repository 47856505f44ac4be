import type { Strength } from '@threadline/domain/identifier';
import type { NaiveFact } from './naive-record.js';

/** An event at its place. */
export interface NaiveRow {
  readonly fact: NaiveFact;
  readonly at: number;
  readonly event: string;
  readonly sequence: number | undefined;
  /** The party that it stands under. */
  home: string | undefined;
  /** No other event of its type and interaction is a later version. */
  standing: boolean;
}

export interface NaiveParty {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  /** The greatest seen; `claimed` of one that only decisions name. */
  strength: Strength;
  /** The least time of an event that names it; Infinity of one that only decisions name. */
  firstSeen: number;
  /** The latest name that it came with. `place` is the identifier's in the event. */
  naming:
    | { readonly at: number; readonly event: string; readonly place: number; readonly name: string }
    | undefined;
  /** Every identifier that names it. */
  readonly seen: { readonly fact: NaiveFact; readonly place: number }[];
  /** Everything whose home it is. */
  readonly rows: NaiveRow[];
}
