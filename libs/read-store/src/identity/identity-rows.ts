import type { Position } from '@threadline/event-store/event-store';
import type { Decision, Link, Party, Refusal } from '@threadline/domain/identity/identity-links';

/** A link as its event has it. */
export interface LinkRow extends Link {
  readonly position: Position;
}

/** A decision at its place in the log. */
export interface PlacedDecision extends Decision {
  readonly position: number;
}

/** A link that counts for its pair, and why it does not join, if it does not. */
export interface CountingLink extends LinkRow {
  readonly refusal: Refusal | undefined;
}

/** Milliseconds and position, both inclusive. */
export interface Cut {
  readonly asOf: number;
  readonly knownAt: Position;
}

/** Is told of a link of a party with the kind of its other end; answers whether it wants more of that party's. */
export type TakeLink = (party: Party, link: LinkRow, otherKind: string) => boolean;

/** Links and decisions as readers ask for them, wherever they lie. */
export interface IdentityRows {
  /** Undefined of a party that was never met. */
  kinds(parties: readonly Party[]): Promise<(string | undefined)[]>;
  /** Tells every link of these parties that was known at a cut, from each of its ends; of a pair there may be several. */
  evidence(parties: readonly Party[], cut: Cut, take: TakeLink): Promise<void>;
  /** The decisions that name any of these parties, by their positions, each once. */
  decisionsOf(parties: readonly Party[], cut: Cut): Promise<Position[]>;
  /** In the order asked for. */
  decisions(positions: readonly Position[]): Promise<Decision[]>;
  /** The links that count, of these parties; one with both ends among them comes twice. */
  counting(parties: readonly Party[]): Promise<CountingLink[]>;
  /** Links that wait for a person, in the order of the log, after that one. */
  reviews(
    after: readonly [position: Position, a: Party, b: Party] | undefined,
    limit: number,
  ): Promise<LinkRow[]>;
  /** The shared identifiers that these parties were seen with, the first `limit` by handle. */
  sharedOf(parties: readonly Party[], cut: Cut, limit: number): Promise<Party[]>;
  /** The parties that were seen with a shared identifier, the first `limit` by handle. */
  membersOf(shared: Party, cut: Cut, limit: number): Promise<Party[]>;
  /** Where the rules were put in force that were in force at a position; undefined: the defaults were. */
  rulesAt(knownAt: Position): Promise<Position | undefined>;
}
