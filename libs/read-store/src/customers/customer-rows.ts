import type { Position } from '@threadline/event-store/event-store';
import { laterName, type ExplainedNaming, type Naming } from '@threadline/projections/naming';
import type { PlacedRef } from '@threadline/projections/refs';
import type { Summary } from '@threadline/projections/summary';
import type { IdentityRows } from '../identity/identity-rows.js';

export interface KnownParty {
  readonly handle: number;
  readonly naming: Naming;
}

export interface ExplainedParty extends KnownParty {
  readonly naming: ExplainedNaming;
}

export interface EntryRow {
  readonly party: number;
  readonly key: Uint8Array;
  readonly position: Position;
}

/** A part of a timeline: keys in `[from, to)`, what is filtered, which way, how many. */
export interface EntryRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly type?: string;
  readonly channel?: string;
  /** Of these types, and no superseded versions. */
  readonly standing?: readonly string[];
}

/** Where an entry lies, and whether its interaction has further events. */
export interface EntryPlace {
  readonly position: Position;
  readonly several: boolean;
}

export interface ParkedRow {
  readonly position: Position;
  readonly stream: string;
  readonly event: string;
  readonly type: string;
  /** Null for an event that only waits for an earlier one of its interaction. */
  readonly reason: string | null;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * The read model `customers` as readers ask it, wherever its rows lie. A customer is asked for by its label, a party by
 * its handle. What is asked of many at once is asked in one call: an adapter may be a round trip away.
 */
export interface CustomerRows {
  readonly identity: IdentityRows;
  /** Everything up to here is in the model. */
  checkpoint(): Promise<Position>;
  /** Of each party its customer; undefined of nobody's: never met, or named by decisions only and joined by none. */
  customersOf(parties: readonly number[]): Promise<(number | undefined)[]>;
  /** Nobody where only decisions name the one there is. */
  parties(customer: number): Promise<KnownParty[]>;
  /** The same with what shows how each is named. */
  explainedParties(customer: number): Promise<ExplainedParty[]>;
  /** What the customer's interactions add up to, without what explains it. Not to be changed. */
  summary(customer: number, parties: readonly KnownParty[]): Promise<Summary>;
  /** The same with what explains it. */
  explainedSummary(customer: number): Promise<Summary>;
  /** Of each customer the greatest business time on its timeline, in milliseconds. */
  lastSeen(customers: readonly number[]): Promise<(number | null)[]>;
  /** How many events stand under each of these parties. */
  events(parties: readonly number[]): Promise<number[]>;
  /** How many events stand under a customer's parties. */
  eventsOf(customer: number): Promise<number>;
  /** The first entries of a customer in a range. */
  entries(customer: number, range: EntryRange): Promise<EntryRow[]>;
  /** Every entry of these parties before that key. */
  places(parties: readonly number[], to: Uint8Array): Promise<EntryPlace[]>;
  /** Where events name these parties without standing under them. */
  mentions(parties: readonly number[]): Promise<Position[]>;
  /** In the order of the log. */
  parked(): Promise<ParkedRow[]>;
  /** Which of these events are parked. */
  parkedOf(positions: readonly Position[]): Promise<ReadonlySet<Position>>;
}

/** The latest name that came with any of these parties. */
export const nameOf = (parties: readonly KnownParty[]): PlacedRef | null =>
  parties.reduce<PlacedRef | null>((latest, { naming }) => laterName(latest, naming.name), null);

/** Whom only decisions name is somebody as long as they join it with another. */
export const somebody = <Party extends KnownParty>(parties: Party[]): Party[] =>
  parties.length === 1 && parties[0]?.naming.first === Infinity ? [] : parties;
