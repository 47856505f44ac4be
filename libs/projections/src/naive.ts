/**
 * The contract once more, the plain way: from all the events at once to customers, cards and timelines. It shares no
 * code with the folding that the read models do, so that each can be held against the other: in the property tests,
 * and over a whole hub by `threadline verify`.
 *
 * Where the contract is silent, this is how it is read:
 * - `ids`, `identifiers` and the parties are in the order in which they were first seen, of one time the least id.
 * - A name is a string with more than white space in it; of an event's identifiers those of the customer are asked, in their order.
 * - `social.latest` is of all three types; `mentions` counts posts and mentions; both of standing versions.
 * - Only `purchase`, `survey`, `visit`, `social`, `consent`, `profile` have standing versions: every `promise.kept` and
 *   `promise.broken` closes, whatever else was said in its interaction.
 * - A promise that was made more than once: the latest stands, within one event the last. A `due` that is a date is
 *   that day's midnight, UTC; without one, or with one that is no RFC 3339, a promise comes last.
 * - `present`: of the visits that have not ended and began less than 12 hours before the time asked, not after it, the
 *   latest. Ended is a visit in whose interaction a standing `visit.ended` is the same customer's.
 * - `items` come from orders alone, the latest order first, within an order as it lists them.
 * - A category's spend has the price's scale, or the greater one that quantity × price needs; `mean` is the double
 *   that is nearest to the exact sum, divided by the count.
 * - An event that comes twice counts where it lies first in the log.
 */
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { Strength } from '@threadline/domain/identifier';
import type { Card } from './card.js';
import { naiveCard } from './naive-card.js';
import { naiveEntry } from './naive-entry.js';
import {
  compareLinks,
  compareStrengths,
  customersOf,
  homeOf,
  linksOf,
  type NaiveLink,
} from './naive-identity.js';
import { compareMoments } from './naive-order.js';
import type { TimelineEntry } from './timeline-entry.js';

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

/** Milliseconds and position; absent: nothing is cut. `now` is what *present* is measured by where `asOf` is absent. */
export interface NaiveClocks {
  readonly asOf?: number;
  readonly knownAt?: number;
  readonly now: number;
}

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
  /** The greatest seen. */
  strength: Strength;
  /** The least time of an event that names it. */
  firstSeen: number;
  /** The latest name that it came with. `place` is the identifier's in the event. */
  naming:
    | { readonly at: number; readonly event: string; readonly place: number; readonly name: string }
    | undefined;
  /** Everything whose home it is. */
  readonly rows: NaiveRow[];
}

/** One customer. Card and timeline are computed whenever they are asked for, and not kept. */
export class NaiveCustomer {
  readonly ids: readonly string[];

  constructor(
    /** In the order of `ids`. */
    readonly parties: readonly NaiveParty[],
    /** Of each pair the one that counts, by event. */
    readonly links: readonly NaiveLink[],
    private readonly now: number,
  ) {
    this.ids = parties.map(({ id }) => id);
  }

  get id(): string {
    return this.ids[0] ?? '';
  }

  /** Oldest first. */
  get rows(): NaiveRow[] {
    return this.parties.flatMap(({ rows }) => rows).sort(compareMoments);
  }

  get card(): Card {
    return naiveCard(this.parties, this.rows, this.now);
  }

  /** Newest first. */
  get timeline(): TimelineEntry[] {
    return this.rows.reverse().map(naiveEntry);
  }
}

export interface NaiveAnswer {
  /** By id. */
  readonly customers: readonly NaiveCustomer[];
  /** Whose party this is; undefined where nothing is known of it (then). */
  customerOf(party: string): NaiveCustomer | undefined;
  /** Events that are on nobody's timeline yet. */
  readonly unplaced: readonly NaiveFact[];
}

/** What a hub answers that holds these events. One pass over them, in any order. */
export function naiveReplay(facts: Iterable<NaiveFact>, clocks: NaiveClocks): NaiveAnswer {
  const held = new Map<string, NaiveFact>();
  for (const fact of facts) {
    if (clocks.asOf !== undefined && fact.at > clocks.asOf) continue;
    if (clocks.knownAt !== undefined && fact.position > clocks.knownAt) continue;
    const twin = held.get(fact.event);
    if (twin === undefined || fact.position < twin.position) held.set(fact.event, fact);
  }

  const parties = new Map<string, NaiveParty>();
  const links = new Map<string, NaiveLink>();
  const interactions = new Map<string, NaiveRow[]>();
  for (const fact of held.values()) {
    const { data, event, at } = fact;
    const identifiers = data.identifiers ?? [];
    identifiers.forEach((identifier, place) => meet(parties, identifier, { at, event, place }));
    for (const link of linksOf(event, at, identifiers)) {
      const pair = link.a < link.b ? `${link.a} ${link.b}` : `${link.b} ${link.a}`;
      const other = links.get(pair);
      if (other === undefined || compareLinks(link, other) < 0) links.set(pair, link);
    }
    const sequence = typeof data['sequence'] === 'number' ? data['sequence'] : undefined;
    const home = identifiers[homeOf(identifiers)]?.party;
    const row: NaiveRow = { fact, at, event, sequence, home, standing: false };
    const rows = interactions.get(fact.interaction);
    if (rows === undefined) interactions.set(fact.interaction, [row]);
    else rows.push(row);
  }

  const unplaced: NaiveFact[] = [];
  for (const rows of interactions.values()) {
    settle(rows);
    for (const row of rows) {
      if (row.home === undefined) unplaced.push(row.fact);
      else parties.get(row.home)?.rows.push(row);
    }
  }
  return answer(parties, [...links.values()], unplaced, clocks.asOf ?? clocks.now);
}

function meet(
  parties: Map<string, NaiveParty>,
  { party: id, kind, value, strength, name }: NaiveIdentifier,
  seen: { at: number; event: string; place: number },
): void {
  let party = parties.get(id);
  if (party === undefined) {
    party = { id, kind, value, strength, firstSeen: seen.at, naming: undefined, rows: [] };
    parties.set(id, party);
  }
  if (compareStrengths(strength, party.strength) > 0) party.strength = strength;
  if (seen.at < party.firstSeen) party.firstSeen = seen.at;
  if (typeof name !== 'string' || name.trim() === '') return;
  // Within one event the first: what comes in the same event later does not overrule it.
  if (party.naming === undefined || compareMoments(seen, party.naming) > 0) party.naming = { ...seen, name };
}

/** Gives the events of one interaction that name nobody their home, and finds the version of each type that stands. */
function settle(rows: NaiveRow[]): void {
  rows.sort(compareMoments);
  const home = rows.find((row) => row.home !== undefined)?.home;
  const standing = new Map<string, NaiveRow>();
  for (const row of rows) {
    row.home ??= home;
    const other = standing.get(row.fact.type);
    // Oldest first: of one sequence the later one stands.
    if (other === undefined || (row.sequence ?? -Infinity) >= (other.sequence ?? -Infinity)) {
      standing.set(row.fact.type, row);
    }
  }
  for (const row of standing.values()) row.standing = true;
}

function answer(
  parties: Map<string, NaiveParty>,
  links: readonly NaiveLink[],
  unplaced: NaiveFact[],
  now: number,
): NaiveAnswer {
  const root = customersOf(links);
  const members = new Map<string, { parties: NaiveParty[]; links: NaiveLink[] }>();
  for (const party of parties.values()) {
    const top = root(party.id);
    const customer = members.get(top);
    if (customer === undefined) members.set(top, { parties: [party], links: [] });
    else customer.parties.push(party);
  }
  for (const link of links) members.get(root(link.a))?.links.push(link);

  const customers = new Map<string, NaiveCustomer>();
  for (const [top, customer] of members) {
    customer.parties.sort((a, b) => a.firstSeen - b.firstSeen || (a.id < b.id ? -1 : 1));
    customer.links.sort((a, b) => (a.event < b.event ? -1 : a.event > b.event ? 1 : 0));
    customers.set(top, new NaiveCustomer(customer.parties, customer.links, now));
  }
  return {
    customers: [...customers.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    customerOf: (party) => customers.get(root(party)),
    unplaced,
  };
}
