import type { Strength } from '@threadline/domain/identifier';
import type { Card } from '@threadline/projections/card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';

/** Milliseconds and position; absent: now. A read answers as a hub would that holds only what lies at or before both. */
export interface Clocks {
  readonly asOf?: number;
  readonly knownAt?: number;
}

export interface TimelineQuery {
  /** 1 to 200. */
  readonly limit: number;
  /** As a page gave it; an unreadable one throws `InvalidCursorError`. */
  readonly cursor?: string;
  readonly order: 'asc' | 'desc';
  readonly channel?: string;
  readonly type?: string;
  /** Business time in milliseconds, inclusive. */
  readonly from?: number;
  /** Business time in milliseconds, inclusive. */
  readonly to?: number;
  /** Words that the entry holds. */
  readonly q?: string;
}

export interface TimelinePage {
  entries: TimelineEntry[];
  /** The next page's cursor, null on the last. Stays right while new events arrive. */
  next: string | null;
}

export interface IdentityLink {
  /** Party ids. */
  a: string;
  b: string;
  event: string;
  rule: string;
  strength: Strength;
  at: string;
}

export interface IdentityPage {
  id: string;
  parties: { id: string; kind: string; value: string; strength: Strength; events: number }[];
  links: IdentityLink[];
  refused: IdentityLink[];
  next: string | null;
}

export interface FoundCustomer {
  id: string;
  name: string | null;
  identifiers: { kind: string; value: string; strength: Strength }[];
  lastSeen: string | null;
  /** What was found: an identifier, a name, or words on the timeline (with the event that has them). */
  matched: { in: 'identifier' | 'name' | 'words' | 'all'; text: string | null; event?: string };
}

export interface SearchPage {
  customers: FoundCustomer[];
  next: string | null;
}

export interface ParkedInteraction {
  interaction: string;
  /** Position of the event that could not be used. */
  position: string;
  event: string;
  type: string;
  reason: string;
  parkedAt: string;
  /** How many events of the interaction wait, the first included. */
  events: number;
  /** Which read models parked it: `customers`, `search`. */
  models: string[];
}

/** What readers ask. `undefined` where nothing is known (then). */
export interface CustomerReads {
  card(id: string, clocks: Clocks): Promise<Card | undefined>;
  /** The value is normalised already. */
  cardByIdentifier(kind: string, value: string, clocks: Clocks): Promise<Card | undefined>;
  timeline(id: string, query: TimelineQuery, clocks: Clocks): Promise<TimelinePage | undefined>;
  identity(
    id: string,
    page: { limit: number; cursor?: string },
    clocks: Clocks,
  ): Promise<IdentityPage | undefined>;
  /** `phone`: what is looked for, as it would be stored if it is a phone number. */
  search(query: { q?: string; phone?: string; limit: number; cursor?: string }): Promise<SearchPage>;
  /** The present id of the customer on whose timeline the event at this position is. */
  customerAt(position: number): Promise<string | undefined>;
  /** The present id of the customer that any of its ids names. */
  customerOf(id: string): Promise<string | undefined>;
  parked(): Promise<ParkedInteraction[]>;
  /** Everything up to here is in the read models (parked counts as in). */
  position(): Promise<number>;
}

/** 400. */
export class InvalidCursorError extends Error {
  readonly code = 'invalid-cursor';
  readonly retriable = false;
  constructor() {
    super('the cursor is not one that this read gave');
    this.name = 'InvalidCursorError';
  }
}
