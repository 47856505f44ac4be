import type { Json } from '@threadline/domain/canonical-json';
import type { Card } from './card.js';

/** An event that a value came from. */
export interface Source {
  /** Our id of it, as on the timeline. */
  event: string;
  type: string;
  /** The adapter's. */
  source: string;
  /** The adapter's; null where the event is forgotten. */
  id: string | null;
  at: string;
  /** The key is gone: it happened, and that is all that is left of it. */
  forgotten?: true;
}

/**
 * Why something does not stand: `later`: a later statement does; `same-event`: another one of the same event does;
 * `newer-version`: a newer version of its own interaction does; `stated`: a name that was stated in a profile goes
 * before one that came with an identifier; `forgotten`: nothing is left of what it said.
 */
export type OverruledBy = 'later' | 'same-event' | 'newer-version' | 'stated' | 'forgotten';

export interface Overruled extends Source {
  /** What it said; null where that is forgotten. */
  value: Json;
  rule: OverruledBy;
}

/**
 * The latest 5 that were overruled, latest first, and how many more there are. (Of names that came with identifiers
 * those of the latest 100 entries are listed, and the latest of each identifier; the others are in `more`.)
 */
export interface OverruledList {
  overruled: Overruled[];
  more: number;
}

/** The event that a value came from, and what it overruled. */
export interface Reason extends Source, OverruledList {}

/** A sum or a count: of how many events, and the latest of them, at most 5, latest first. */
export interface Tally<Part extends Source = Source> {
  events: number;
  latest: Part[];
}

/** A promise that was kept or broken. */
export interface ClosedPromise {
  id: string | null;
  text: string | null;
  /** The statement of it that stood last. */
  made: Source;
  /** The first event that closed it. */
  closed: Source;
}

/** What explains a card, by the card's own paths; of a list, the members in the same order. */
export interface Explanation {
  name: Reason | null;
  /** The first event that shows the greatest strength; null where only people's decisions name it. */
  identifiers: (Source | null)[];
  firstSeen: Source | null;
  lastSeen: Source | null;
  counts: Record<string, Tally>;
  purchases: OverruledList & {
    /** Of sums the latest parts are looked for among the latest 50 orders and the latest 50 returns. */
    orders: Tally;
    returns: Tally;
    /** Each part with its amount, returns below zero. */
    spend: Record<string, Tally<Source & { value: string }>>;
    last: Source | null;
    categories: Tally[];
    items: Source[];
  };
  facts: Record<string, Reason>;
  consents: Record<string, Reason>;
  /** Of the last answer; those that it overruled are in the mean as well. `events`: how many answers are. */
  surveys: Record<string, Reason & { events: number }>;
  social: OverruledList & { mentions: Tally; latest: Source[] };
  promises: { open: Reason[]; closed: ClosedPromise[]; more: number };
  visits: OverruledList & { count: Tally; last: Source | null; present: Source | null };
  profile: Record<string, Reason>;
}

export type ExplainedCard = Card & { explain: Explanation };
