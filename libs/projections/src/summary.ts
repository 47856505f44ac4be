import { add, type Decimal } from './decimal.js';
import { compareRefs, type PlacedRef, type Ref } from './refs.js';
import { combineReasons, type Reasons } from './trail.js';

export interface CategorySum {
  quantity: Decimal;
  spend: Map<string, Decimal>;
  /** How many orders and returns have it. */
  events: number;
}

export interface SurveySum {
  count: number;
  sum: Decimal;
  last: readonly [at: number, event: string, position: number, score: number];
}

export interface Consent {
  readonly at: number;
  readonly event: string;
  readonly position: number;
  readonly given: boolean;
}

export interface PromiseState {
  made?: PlacedRef;
  /** The first event that closes it. */
  closed?: Ref;
}

/** Where a visit started, and in which store. */
export type VisitStart = readonly [at: number, event: string, position: number, store: string | null];

/**
 * What a party's interactions add up to: clear values and references, never what was sealed. `combine` is
 * associative and commutative with `emptySummary()` as its zero, so it does not matter in which order interactions
 * come or parties are brought together.
 */
export interface Summary {
  first: number | null;
  last: number | null;
  /** Timeline entries by channel. */
  counts: Map<string, number>;
  orders: number;
  returns: number;
  lastOrder: number | null;
  spend: Map<string, Decimal>;
  /** How many orders and returns are in a currency. */
  spendEvents: Map<string, number>;
  categories: Map<string, CategorySum>;
  /** The latest `ITEMS` items that were bought. */
  items: PlacedRef[];
  facts: Map<string, PlacedRef>;
  consents: Map<string, Consent>;
  surveys: Map<string, SurveySum>;
  mentions: number;
  /** The latest `WORDS` words on social. */
  words: Ref[];
  /** By token of the promise's id. */
  promises: Map<string, PromiseState>;
  visits: number;
  lastVisit: number | null;
  /** Visits that started and, as far as these interactions tell, did not end: by interaction. */
  open: Map<string, VisitStart>;
  /** Ends whose start is not among these interactions. */
  ended: Set<string>;
  profile: Map<string, Ref>;
  /** The latest statement of a profile that has a name. */
  named: Ref | null;
  /** What explains all this; empty where it was not asked for. */
  reasons: Reasons;
}

export const ITEMS = 20;
export const WORDS = 5;

export const emptySummary = (): Summary => ({
  first: null,
  last: null,
  counts: new Map(),
  orders: 0,
  returns: 0,
  lastOrder: null,
  spend: new Map(),
  spendEvents: new Map(),
  categories: new Map(),
  items: [],
  facts: new Map(),
  consents: new Map(),
  surveys: new Map(),
  mentions: 0,
  words: [],
  promises: new Map(),
  visits: 0,
  lastVisit: null,
  open: new Map(),
  ended: new Set(),
  profile: new Map(),
  named: null,
  reasons: new Map(),
});

export const least = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

export const greatest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);

export const later = <R extends Ref | PlacedRef>(
  a: R | null | undefined,
  b: R | null | undefined,
): R | null => (a == null ? (b ?? null) : b == null ? a : compareRefs(b, a) > 0 ? b : a);

const earlier = (a: Ref | undefined, b: Ref | undefined): Ref | undefined =>
  a === undefined ? b : b === undefined || compareRefs(a, b) <= 0 ? a : b;

export function addAmount(into: Map<string, Decimal>, key: string, amount: Decimal): void {
  const sum = into.get(key);
  into.set(key, sum === undefined ? amount : add(sum, amount));
}

export const addCount = (into: Map<string, number>, key: string, count: number): void =>
  void into.set(key, (into.get(key) ?? 0) + count);

/** Keeps the latest `limit`, latest first; in one event the first places first. */
export function keepLatest<R extends Ref | PlacedRef>(into: R[], refs: readonly R[], limit: number): void {
  const last = into[limit - 1];
  const wanted = last === undefined ? refs : refs.filter((ref) => compareRefs(ref, last) >= 0);
  if (wanted.length === 0) return;
  into.push(...wanted);
  into.sort((a, b) => compareRefs(b, a) || (a[3] ?? 0) - (b[3] ?? 0));
  if (into.length > limit) into.length = limit;
}

export function addVisit(into: Summary, interaction: string, start: VisitStart | 'ended'): void {
  if (start === 'ended') {
    if (!into.open.delete(interaction)) into.ended.add(interaction);
  } else if (!into.ended.delete(interaction)) into.open.set(interaction, start);
}

export function addPromise(into: Summary, token: string, state: PromiseState): void {
  const known = into.promises.get(token) ?? {};
  const made = later(known.made, state.made);
  const closed = earlier(known.closed, state.closed);
  into.promises.set(token, { ...(made && { made }), ...(closed && { closed }) });
}

export function addSurvey(into: Summary, metric: string, survey: SurveySum): void {
  const known = into.surveys.get(metric);
  into.surveys.set(
    metric,
    known === undefined
      ? survey
      : {
          count: known.count + survey.count,
          sum: add(known.sum, survey.sum),
          last: compareRefs(survey.last, known.last) > 0 ? survey.last : known.last,
        },
  );
}

export function addCategory(into: Summary, name: string, sum: CategorySum): void {
  const known = into.categories.get(name);
  if (known === undefined) {
    into.categories.set(name, { ...sum, spend: new Map(sum.spend) });
    return;
  }
  known.quantity = add(known.quantity, sum.quantity);
  known.events += sum.events;
  for (const [currency, amount] of sum.spend) addAmount(known.spend, currency, amount);
}

export function addConsent(into: Summary, key: string, consent: Consent): void {
  const known = into.consents.get(key);
  if (known === undefined || compareRefs([consent.at, consent.event], [known.at, known.event]) > 0) {
    into.consents.set(key, consent);
  }
}

export function keepLater<R extends Ref | PlacedRef>(into: Map<string, R>, key: string, ref: R): void {
  const known = into.get(key);
  if (known === undefined || compareRefs(ref, known) > 0) into.set(key, ref);
}

/** Adds `from` to `into` and answers `into`. */
export function combine(into: Summary, from: Summary): Summary {
  into.first = least(into.first, from.first);
  into.last = greatest(into.last, from.last);
  for (const [channel, count] of from.counts) addCount(into.counts, channel, count);
  into.orders += from.orders;
  into.returns += from.returns;
  into.lastOrder = greatest(into.lastOrder, from.lastOrder);
  for (const [currency, amount] of from.spend) addAmount(into.spend, currency, amount);
  for (const [currency, count] of from.spendEvents) addCount(into.spendEvents, currency, count);
  for (const [name, sum] of from.categories) addCategory(into, name, sum);
  keepLatest(into.items, from.items, ITEMS);
  for (const [slot, ref] of from.facts) keepLater(into.facts, slot, ref);
  for (const [key, consent] of from.consents) addConsent(into, key, consent);
  for (const [metric, survey] of from.surveys) addSurvey(into, metric, survey);
  into.mentions += from.mentions;
  keepLatest(into.words, from.words, WORDS);
  for (const [token, state] of from.promises) addPromise(into, token, state);
  into.visits += from.visits;
  into.lastVisit = greatest(into.lastVisit, from.lastVisit);
  for (const [interaction, start] of from.open) addVisit(into, interaction, start);
  for (const interaction of from.ended) addVisit(into, interaction, 'ended');
  for (const [field, ref] of from.profile) keepLater(into.profile, field, ref);
  into.named = later(into.named, from.named);
  combineReasons(into.reasons, from.reasons);
  return into;
}
