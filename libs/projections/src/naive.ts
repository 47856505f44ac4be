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
import type { Card } from './card.js';
import type { Explanation } from './explanation.js';
import { naiveCard } from './naive-card.js';
import { naiveExplanation } from './naive-explanation.js';
import { naiveEntry } from './naive-entry.js';
import {
  naiveIdentity,
  type NaiveDecision,
  type NaiveIdentity,
  type NaivePair,
  type NaiveRefused,
} from './naive-identity.js';
import { compareStrengths, homeOf, linksOf, LinksOfPairs, type NaiveLink } from './naive-links.js';
import { compareMoments } from './naive-order.js';
import type {
  NaiveFact,
  NaiveIdentifier,
  NaiveNamed,
  NaiveRecord,
  NaiveRuled,
  NaiveSaid,
} from './naive-record.js';
import type { NaiveParty, NaiveRow } from './naive-row.js';
import { NAIVE_DEFAULTS } from './naive-rules.js';
import type { TimelineEntry } from './timeline-entry.js';

/** Milliseconds and position; absent: nothing is cut. `now` is what *present* is measured by where `asOf` is absent. */
export interface NaiveClocks {
  readonly asOf?: number;
  readonly knownAt?: number;
  readonly now: number;
}

/** One customer. Card and timeline are computed whenever they are asked for, and not kept. */
export class NaiveCustomer {
  readonly ids: readonly string[];

  constructor(
    /** In the order of `ids`. */
    readonly parties: readonly NaiveParty[],
    /** What joins them, of each pair the one that counts, by event. */
    readonly links: readonly NaiveLink[],
    /** What would join one of them with another, or with somebody else, by event. */
    readonly refused: readonly NaiveRefused[],
    /** What people joined of them, by event. */
    readonly decided: readonly NaivePair[],
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

  /** What explains the card. */
  get explanation(): Explanation {
    return naiveExplanation(this.card, this.parties, this.rows, this.now);
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
export function naiveReplay(records: Iterable<NaiveRecord>, clocks: NaiveClocks): NaiveAnswer {
  const { asOf = Infinity, knownAt = Infinity } = clocks;
  const held = new Map<string, NaiveFact>();
  const said = new Map<string, NaiveSaid>();
  let ruled: NaiveRuled = { position: -1, rules: NAIVE_DEFAULTS };
  for (const record of records) {
    if (record.position > knownAt) continue;
    // Rules have no business time: those in force are a matter of what was known.
    if ('rules' in record) ruled = record.position > ruled.position ? record : ruled;
    else if (record.at > asOf) continue;
    else if ('says' in record) said.set(record.event, record);
    else if (record.position < (held.get(record.event)?.position ?? Infinity)) held.set(record.event, record);
  }

  const parties = new Map<string, NaiveParty>();
  const links = new LinksOfPairs();
  const interactions = new Map<string, NaiveRow[]>();
  for (const fact of held.values()) {
    const { data, event, at } = fact;
    const identifiers = data.identifiers ?? [];
    identifiers.forEach((identifier, place) => meet(parties, identifier, { at, event, place, fact }));
    for (const link of linksOf(event, at, identifiers)) links.add(link);
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
  const decisions = [...said.values()].map((one) => decisionOf(one, parties));
  const identity = naiveIdentity(parties.values(), links.all, decisions, ruled.rules);
  return answer(parties, identity, unplaced, clocks.asOf ?? clocks.now);
}

/** Whom only a decision names is a party too. */
function decisionOf(said: NaiveSaid, parties: Map<string, NaiveParty>): NaiveDecision {
  const idOf = ({ party: id, kind, value }: NaiveNamed): string => {
    if (!parties.has(id)) {
      const nothing = { strength: 'claimed', firstSeen: Infinity, naming: undefined, rows: [] } as const;
      parties.set(id, { id, kind, value, ...nothing, seen: [], rows: [] });
    }
    return id;
  };
  const { event, at, says: type } = said;
  return { event, at, type, parties: said.parties.map(idOf), rest: said.rest.map(idOf) };
}

function meet(
  parties: Map<string, NaiveParty>,
  { party: id, kind, value, strength, name }: NaiveIdentifier,
  { fact, ...seen }: { at: number; event: string; place: number; fact: NaiveFact },
): void {
  let party = parties.get(id);
  if (party === undefined) {
    party = { id, kind, value, strength, firstSeen: seen.at, naming: undefined, seen: [], rows: [] };
    parties.set(id, party);
  }
  party.seen.push({ fact, place: seen.place });
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
  identity: NaiveIdentity,
  unplaced: NaiveFact[],
  now: number,
): NaiveAnswer {
  const first = (party: string): string => identity.membersOf(party)[0]?.id ?? '';
  const pages = new Map<string, Page>();
  for (const party of parties.values()) {
    const page = pages.get(first(party.id));
    if (page === undefined)
      pages.set(first(party.id), { parties: [party], links: [], refused: [], decided: [] });
    else page.parties.push(party);
  }
  for (const link of identity.links) pages.get(first(link.a))?.links.push(link);
  for (const pair of identity.decided) pages.get(first(pair.a))?.decided.push(pair);
  for (const link of identity.refused)
    for (const end of new Set([first(link.a), first(link.b)])) pages.get(end)?.refused.push(link);

  const customers = new Map<string, NaiveCustomer>();
  for (const [name, page] of pages) {
    // Whom nothing but decisions name, and who is joined with nobody, is nobody.
    if (page.parties.every(({ firstSeen }) => firstSeen === Infinity) && page.parties.length === 1) continue;
    page.parties.sort((a, b) => a.firstSeen - b.firstSeen || (a.id < b.id ? -1 : 1));
    for (const list of [page.links, page.refused, page.decided])
      list.sort((a, b) => (a.event < b.event ? -1 : a.event > b.event ? 1 : 0));
    customers.set(name, new NaiveCustomer(page.parties, page.links, page.refused, page.decided, now));
  }
  return {
    customers: [...customers.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    customerOf: (party) => (parties.has(party) ? customers.get(first(party)) : undefined),
    unplaced,
  };
}

/** What is told of one customer. */
interface Page {
  readonly parties: NaiveParty[];
  readonly links: NaiveLink[];
  readonly refused: NaiveRefused[];
  readonly decided: NaivePair[];
}
