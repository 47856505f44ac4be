import {
  contribute,
  combineNamings,
  namings,
  standings,
  type Naming,
  type Standing,
} from '@threadline/projections/contribution';
import { emptySummary, type Summary } from '@threadline/projections/summary';
import type { CustomerRows, EntryRow, KnownParty } from './customer-rows.js';
import { linksOf } from './customers-projector.js';
import { interactionOf, type LoggedEvent } from './decode.js';
import { entryKey, firstKeyAt } from './entry-key.js';
import type { OpenedLog } from './opened-log.js';
import { UnionFind } from './union-find.js';

/** A customer as a hub would know it that holds only what lies at or before both clocks. */
export interface PastCustomer {
  readonly parties: KnownParty[];
  readonly summary: Summary;
  /** In the order of the timeline, oldest first. */
  readonly entries: EntryRow[];
  readonly links: { a: number; b: number; strength: number; at: number; event: string }[];
}

/**
 * Works the past out from the log: all that was ever linked with the party is the most that it could have been then;
 * of its events those before both clocks are folded as if they were all. Only interactions with further events are
 * read whole, since another event may have been their home or their greatest version then.
 */
export async function pastCustomer(
  opened: OpenedLog,
  rows: CustomerRows,
  handle: number,
  clocks: { readonly asOf: number; readonly knownAt: number },
): Promise<PastCustomer | undefined> {
  const customer = rows.customerOf(handle);
  if (customer === undefined) return undefined;
  const { alone, streams, mentions } = candidates(opened, rows, customer, clocks);
  const isKnown = ({ at, position }: LoggedEvent): boolean => at <= clocks.asOf && position <= clocks.knownAt;
  const known: { standing: Standing; interaction: string }[] = [];
  for (const event of (await opened.logged(alone)).filter(isKnown)) {
    known.push(
      ...standings([event]).map((standing) => ({ standing, interaction: interactionOf(event.stream) })),
    );
  }
  for (const stream of streams) {
    const events = (await opened.interaction(stream)).filter(
      (event) => isKnown(event) && !rows.isParked(event.position),
    );
    known.push(...standings(events).map((standing) => ({ standing, interaction: interactionOf(stream) })));
  }
  const inPassing = (await opened.logged(mentions)).filter(isKnown);
  return fold(handle, known, [...known.map(({ standing }) => standing.event as LoggedEvent), ...inPassing]);
}

function candidates(
  opened: OpenedLog,
  rows: CustomerRows,
  customer: number,
  { asOf, knownAt }: { readonly asOf: number; readonly knownAt: number },
): { alone: number[]; streams: Set<string>; mentions: Set<number> } {
  const alone: number[] = [];
  const several: number[] = [];
  const mentions = new Set<number>();
  const to = firstKeyAt(asOf + 1);
  for (const { handle } of rows.parties(customer)) {
    for (const row of rows.positions(handle, to)) {
      if (row.position <= knownAt) (row.several ? several : alone).push(row.position);
    }
    for (const position of rows.mentions(handle)) if (position <= knownAt) mentions.add(position);
  }
  const streams = new Set(
    opened.log.at(several).flatMap((event) => (event === undefined ? [] : [event.stream])),
  );
  return { alone, streams, mentions };
}

function fold(
  handle: number,
  known: readonly { standing: Standing; interaction: string }[],
  naming: readonly LoggedEvent[],
): PastCustomer | undefined {
  const named = new Map<number, Naming>();
  const links = new Map<string, PastCustomer['links'][number]>();
  const customers = new UnionFind();
  for (const event of naming) {
    for (const [party, one] of namings(event)) {
      const before = named.get(party);
      named.set(party, before === undefined ? one : combineNamings(before, one));
    }
    for (const link of linksOf(event)) {
      const pair = `${link.a}/${link.b}`;
      const before = links.get(pair);
      if (before === undefined || compareLinks(link, before) < 0) links.set(pair, link);
      customers.join(link.a, link.b);
    }
  }
  if (!named.has(handle)) return undefined;
  const customer = customers.find(handle);
  const isHere = (party: number): boolean => customers.find(party) === customer;
  const summary = emptySummary();
  const entries: EntryRow[] = [];
  for (const { standing, interaction } of known) {
    const { home, event } = standing;
    if (home === undefined || !isHere(home)) continue;
    contribute(summary, standing, interaction);
    entries.push({ party: home, key: entryKey(event.at, event.id), position: event.position });
  }
  return {
    parties: [...named]
      .filter(([party]) => isHere(party))
      .map(([party, one]) => ({ handle: party, naming: one })),
    summary,
    entries: entries.sort((a, b) => Buffer.compare(a.key, b.key)),
    links: [...links.values()].filter(({ a }) => isHere(a)),
  };
}

/** Strongest, oldest, least by event id first. */
function compareLinks(
  a: { strength: number; at: number; event: string },
  b: { strength: number; at: number; event: string },
): number {
  return a.strength - b.strength || a.at - b.at || (a.event < b.event ? -1 : a.event > b.event ? 1 : 0);
}
