import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { CommonData, PromiseMade, Purchase, Social } from '@threadline/domain/event-catalogue';
import { STRENGTHS } from '@threadline/domain/identifier';
import type { ClearData } from '@threadline/domain/stored-event';
import type { Card, CardItem } from './card.js';
import { compareCodePoints } from './compare-code-points.js';
import { compare } from './decimal.js';
import { dueAt } from './due-at.js';
import type { Naming } from './naming.js';
import { compareRefs, type PlacedRef } from './refs.js';
import type { CategorySum, Summary, VisitStart } from './summary.js';

/** An event opened for reading; `data` is absent where its key is gone. */
export interface OpenedData {
  readonly source: string;
  readonly clear: ClearData;
  readonly data: JsonObject | undefined;
  /** Per identifier of the event: the name that came with it, while its key is there. */
  readonly names: readonly (string | undefined)[];
}

/** A party as its customer's card shows it. */
export interface CardParty {
  readonly id: string;
  readonly kind: string;
  readonly value: string;
  readonly naming: Naming;
}

/** Present visits are those that began within this time before the moment asked about, in milliseconds. */
const PRESENT = 12 * 3_600_000;
/** So many parties are on the card; the rest is paged under `/identity`. */
export const SHOWN = 1000;
export const FORGOTTEN: JsonObject = { forgotten: true };

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** First seen first, then by id: the first is the customer's. */
export function compareParties(a: CardParty, b: CardParty): number {
  return a.naming.first - b.naming.first || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** What a card is rendered from. */
export interface CardSource {
  readonly summary: Summary;
  /** Sorted by `compareParties`; at least one, at most the first `SHOWN`. */
  readonly parties: readonly CardParty[];
  /** How many parties there are. */
  readonly total: number;
  /** The latest name that came with an identifier of any of them. */
  readonly name: PlacedRef | null;
}

/** The positions of the events that a card opens. */
export function positionsOf({ summary, name }: CardSource): Set<number> {
  const found = new Set<number>();
  for (const ref of summary.items) found.add(ref[2]);
  for (const ref of summary.facts.values()) found.add(ref[2]);
  for (const ref of summary.words) found.add(ref[2]);
  for (const ref of summary.profile.values()) found.add(ref[2]);
  for (const { made, closed } of summary.promises.values())
    if (made && closed === undefined) found.add(made[2]);
  if (summary.named !== null) found.add(summary.named[2]);
  if (name !== null) found.add(name[2]);
  return found;
}

/** Keys in order, own members only, whatever they are called. */
export function record<T>(entries: Iterable<readonly [string, T]>): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => compareCodePoints(a, b)));
}

/** The card of a customer: `opened` has every position of `positionsOf`; `now` is the moment asked about. */
export function renderCard(source: CardSource, opened: ReadonlyMap<number, OpenedData>, now: number): Card {
  const { summary, parties, total } = source;
  const first = parties[0];
  if (first === undefined) throw new RangeError('a customer has at least one party');
  const at = (position: number): OpenedData | undefined => opened.get(position);
  return {
    id: first.id,
    ids: parties.map(({ id }) => id),
    name: customerName(source, opened),
    identifiers: parties.map(({ kind, value, naming }) => ({
      kind,
      value,
      // Whom only decisions name, nobody has called by a strength.
      strength: STRENGTHS[naming.strength] ?? 'claimed',
    })),
    totals: { ids: total, identifiers: total },
    firstSeen: iso(summary.first),
    lastSeen: iso(summary.last),
    counts: record(summary.counts),
    purchases: {
      orders: summary.orders,
      returns: summary.returns,
      spend: record(summary.spend),
      last: iso(summary.lastOrder),
      categories: categoriesInOrder(summary).map(([name, { quantity, spend }]) => ({
        name,
        quantity: Number(quantity),
        spend: record(spend),
      })),
      items: summary.items.flatMap((ref) => item(ref, at(ref[2]))),
    },
    facts: record(
      [...summary.facts].map(([slot, ref]) => {
        const event = at(ref[2]);
        const fact = (event?.data as CommonData | undefined)?.facts?.[ref[3]];
        return [
          slot,
          { value: fact?.value ?? (fact ? null : FORGOTTEN), at: stamp(ref[0]), source: event?.source ?? '' },
        ];
      }),
    ),
    consents: record([...summary.consents].map(([key, { given, at }]) => [key, { given, at: stamp(at) }])),
    surveys: record(
      [...summary.surveys].map(([metric, { last, count, sum }]) => [
        metric,
        { last: last[3], at: stamp(last[0]), count, mean: Number(sum) / count },
      ]),
    ),
    social: { mentions: summary.mentions, latest: summary.words.map((ref) => words(ref[0], at(ref[2]))) },
    promises: {
      open: openPromises(summary, opened).map(({ promise: { id, text: said = null, due = null }, made }) => ({
        id,
        text: said,
        due,
        at: stamp(made[0]),
      })),
    },
    visits: {
      count: summary.visits,
      last: iso(summary.lastVisit),
      present: presentVisit(summary, now)?.[3] ?? null,
    },
    profile: record(
      [...summary.profile].map(([field, ref]): [string, Json] => {
        const profile = at(ref[2])?.data?.['profile'] as JsonObject | undefined;
        return [field, profile === undefined ? FORGOTTEN : (profile[field] ?? null)];
      }),
    ),
  };
}

export const stamp = (at: number): string => new Date(at).toISOString();

export function customerName(
  { summary, name }: Pick<CardSource, 'summary' | 'name'>,
  opened: ReadonlyMap<number, OpenedData>,
): string | null {
  if (summary.named !== null) {
    const profile = opened.get(summary.named[2])?.data?.['profile'] as JsonObject | undefined;
    if (typeof profile?.['name'] === 'string') return profile['name'];
  }
  return name === null ? null : (opened.get(name[2])?.names[name[3]] ?? null);
}

/** The largest quantity first, then by name. */
export const categoriesInOrder = (summary: Summary): [name: string, sum: CategorySum][] =>
  [...summary.categories].sort(
    ([a, x], [b, y]) => compare(y.quantity, x.quantity) || compareCodePoints(a, b),
  );

export const isShownItem = (
  [, , position, place]: PlacedRef,
  opened: ReadonlyMap<number, OpenedData>,
): boolean => opened.get(position)?.clear.purchase?.items?.[place] !== undefined;

function item([at, , , place]: PlacedRef, event: OpenedData | undefined): CardItem[] {
  const clear = event?.clear.purchase?.items?.[place];
  if (clear === undefined) return [];
  const sealed = (event?.data?.['purchase'] as Purchase | undefined)?.items?.[place];
  return [
    {
      at: stamp(at),
      sku: clear.sku ?? null,
      name: sealed?.name ?? null,
      category: clear.category ?? null,
      quantity: clear.quantity,
      price: clear.price,
      currency: event?.clear.purchase?.currency ?? '',
    },
  ];
}

function words(at: number, event: OpenedData | undefined): Card['social']['latest'][number] {
  const social = event?.data?.['social'] as Social | undefined;
  const content = (event?.data as CommonData | undefined)?.content;
  return {
    at: stamp(at),
    platform: event?.clear.social?.platform ?? null,
    text: text(content?.text),
    url: text(social?.url),
  };
}

/** A promise that is open: its token, the statement that stands, and what that says. */
export interface OpenPromise {
  readonly token: string;
  readonly made: PlacedRef;
  readonly promise: PromiseMade;
}

/** By due, then id; those of which nothing is left are not told. */
export function openPromises(summary: Summary, opened: ReadonlyMap<number, OpenedData>): OpenPromise[] {
  const open: OpenPromise[] = [];
  for (const [token, { made, closed }] of summary.promises) {
    if (made === undefined || closed !== undefined) continue;
    const promise = (opened.get(made[2])?.data as CommonData | undefined)?.promises?.[made[3]];
    if (promise !== undefined) open.push({ token, made, promise });
  }
  return open.sort(({ promise: a }, { promise: b }) => {
    const [x, y] = [dueAt(a.due ?? null), dueAt(b.due ?? null)];
    return x === y ? compareCodePoints(a.id, b.id) : x - y;
  });
}

/** The latest visit that goes on. */
export function presentVisit(summary: Summary, now: number): VisitStart | undefined {
  let latest: VisitStart | undefined;
  for (const start of summary.open.values()) {
    if (start[0] > now || start[0] <= now - PRESENT) continue;
    if (latest === undefined || compareRefs(start, latest) > 0) latest = start;
  }
  return latest;
}
