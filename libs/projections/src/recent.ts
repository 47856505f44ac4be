import type { ProjectedEvent } from './projected-event.js';
import { compareNames } from './naming.js';
import { compareRefs, type PlacedRef, type Ref } from './refs.js';
import { keepRef, NAMED } from './trail.js';

/** So many of the latest entries of a timeline are searched for names that came with identifiers. */
export const SEARCHED_FOR_NAMES = 100;
/** So many of the latest orders, and of the latest returns, are told where they are part of a sum. */
export const SEARCHED_PURCHASES = 50;

/** The latest names: of these events, whose identifiers are of these parties, and those known already. */
export function recentNames(
  events: readonly ProjectedEvent[],
  parties: ReadonlySet<number>,
  known: Iterable<PlacedRef>,
): PlacedRef[] {
  const named = new Map<string, PlacedRef>();
  for (const ref of known) named.set(`${ref[3]}/${ref[1]}`, ref);
  for (const { at, id, position, parties: identifiers } of events) {
    identifiers.forEach(({ key, named: isNamed }, place) => {
      if (isNamed === true && parties.has(key)) named.set(`${place}/${id}`, [at, id, position, place]);
    });
  }
  const latest: PlacedRef[] = [];
  for (const ref of named.values()) keepRef(latest, ref, NAMED + 1, compareNames);
  return latest;
}

/** The parts of sums, latest first. */
export interface RecentPurchases {
  readonly orders: readonly Ref[];
  readonly returns: readonly Ref[];
  readonly spend: ReadonlyMap<string, readonly Ref[]>;
  readonly categories: ReadonlyMap<string, readonly Ref[]>;
}

/** Of purchases that stand. */
export function recentPurchases(events: readonly ProjectedEvent[]): RecentPurchases {
  const orders: Ref[] = [];
  const returns: Ref[] = [];
  const spend = new Map<string, Ref[]>();
  const categories = new Map<string, Ref[]>();
  const add = (into: Map<string, Ref[]>, key: string, ref: Ref): void => {
    const refs = into.get(key);
    if (refs === undefined) into.set(key, [ref]);
    else if (refs.length < NAMED) refs.push(ref);
  };
  const latestFirst = events.map((event) => ({ event, ref: [event.at, event.id, event.position] as const }));
  for (const { event, ref } of latestFirst.sort((a, b) => compareRefs(b.ref, a.ref))) {
    const { currency, items = [] } = event.clear.purchase ?? {};
    const side = event.type === 'purchase.completed' ? orders : returns;
    if (side.length < NAMED) side.push(ref);
    if (currency !== undefined) add(spend, currency, ref);
    for (const category of new Set(items.flatMap((item) => item.category ?? [])))
      add(categories, category, ref);
  }
  return { orders, returns, spend, categories };
}
