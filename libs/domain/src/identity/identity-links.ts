/** A party as the caller calls it: any number that names it alone. */
export type Party = number;

/** Evidence of one event that two parties are one person. */
export interface Link {
  readonly a: Party;
  readonly b: Party;
  /** 0 is the strongest: see `rank`. */
  readonly strength: number;
  /** Business time, milliseconds. */
  readonly at: number;
  /** Our id of the event. */
  readonly event: string;
  /** Of the identifier in the event that is linked with the home. */
  readonly place: number;
}

/** What a person said: a link brings `parties` together, an unlink takes them away from `rest`. */
export interface Decision {
  /** Our id of the event. */
  readonly event: string;
  /** Business time, milliseconds: the newest goes first. */
  readonly at: number;
  readonly parties: readonly Party[];
  /** Of an unlink: the other parties of the customer as it was then. */
  readonly rest?: readonly Party[];
}

/** What of a party decides on its links. */
export interface PartyTraits {
  readonly kind: string;
  /** Why it never links, if it never does. */
  readonly never: 'blocked-value' | 'fan-out' | undefined;
  /** Business time of the first event that names it; `Infinity` where none does. */
  readonly first: number;
}

/** The rule that keeps a link from joining, and what it looked at: a kind, or the event of a person's decision. */
export interface Refusal {
  readonly rule: 'blocked-value' | 'fan-out' | 'unlinked' | 'one-per-person' | 'review';
  readonly because?: string;
}

type Ordered = Pick<Link, 'strength' | 'at' | 'event' | 'place'>;

/** Strongest first, then oldest, then least by event id, then by place: the order in which links are taken. */
export const compareLinks = (a: Ordered, b: Ordered): number =>
  a.strength - b.strength ||
  a.at - b.at ||
  (a.event < b.event ? -1 : a.event > b.event ? 1 : a.place - b.place);

/** Newest first. */
export const compareDecisions = (a: Decision, b: Decision): number =>
  b.at - a.at || (a.event > b.event ? -1 : a.event < b.event ? 1 : 0);
