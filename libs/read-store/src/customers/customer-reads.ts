import type { Strength } from '@threadline/domain/identifier';
import type { Card } from '@threadline/projections/card';
import type { ExplainedCard } from '@threadline/projections/explanation';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import type { DecisionSides } from '../identity/decision-sides.js';

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

/** A link that does not join; `rule` is the one that refused it. */
export interface RefusedLink extends IdentityLink {
  /** What the rule looked at: a kind, or the event of a person's decision. */
  because: string | null;
  /** The customer that it would have joined, and how many parties that has; null where its other end is of this one. */
  joins: { customer: string; parties: number } | null;
}

/** What a person decided. `holds`: it counts now, at least for some of those that it names. */
export interface IdentityDecision {
  event: string;
  type: 'identity.linked' | 'identity.unlinked';
  at: string;
  /** Party ids. */
  parties: string[];
  /** Of an unlink: party ids of the other side. */
  rest: string[] | null;
  holds: boolean;
}

/** Who else was seen with an identifier that several people share: related, not the same. */
export interface RelatedCustomers {
  via: { id: string; kind: string; value: string };
  /** At most 50, by id. */
  customers: { id: string; name: string | null }[];
}

/** An automatic link that would bring two large customers together: it waits for a person to link or unlink them. */
export interface IdentityReview {
  event: string;
  rule: string;
  strength: Strength;
  at: string;
  /** The two identifiers, with the customers that they are of: what a link would bring together. */
  sides: {
    party: { id: string; kind: string; value: string };
    customer: string;
    /** How many parties, and how many events stand under them. */
    parties: number;
    events: number;
  }[];
}

export interface ReviewsPage {
  reviews: IdentityReview[];
  next: string | null;
}

export interface IdentityQuery {
  /** Parties of a page: 1 to 200. */
  readonly limit: number;
  readonly cursor?: string;
  readonly explain?: boolean;
}

export interface IdentityPage {
  id: string;
  parties: { id: string; kind: string; value: string; strength: Strength; events: number }[];
  links: IdentityLink[];
  refused: RefusedLink[];
  /** Where it was asked to explain: what people decided on its parties, newest first, also what was taken back since. */
  decisions?: IdentityDecision[];
  /** On the first page. */
  related: RelatedCustomers[];
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
  /** The card with what explains it: for each value its event and what that overruled. */
  explainedCard(id: string, clocks: Clocks): Promise<ExplainedCard | undefined>;
  explainedCardByIdentifier(kind: string, value: string, clocks: Clocks): Promise<ExplainedCard | undefined>;
  timeline(id: string, query: TimelineQuery, clocks: Clocks): Promise<TimelinePage | undefined>;
  identity(id: string, page: IdentityQuery, clocks: Clocks): Promise<IdentityPage | undefined>;
  /** What waits for a person, in the order of the log. */
  reviews(page: { limit: number; cursor?: string }): Promise<ReviewsPage>;
  /** `phone`: what is looked for, as it would be stored if it is a phone number. */
  search(query: { q?: string; phone?: string; limit: number; cursor?: string }): Promise<SearchPage>;
  /** The present id of the customer on whose timeline the event at this position is. */
  customerAt(position: number): Promise<string | undefined>;
  /** The present id of the customer that any of its ids names. */
  customerOf(id: string): Promise<string | undefined>;
  /** The present ids of the customers that these parties are of; parties by their handles. */
  customersOf(handles: readonly number[]): Promise<string[]>;
  /** What an unlink of these parties would part at present; parties by their public ids. */
  sides(parties: readonly string[]): Promise<DecisionSides>;
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
