import type { Decimal } from './decimal.js';
import { reasonsFromJson, reasonsToJson } from './reasons-json.js';
import type { PlacedRef, Ref } from './refs.js';
import type { Consent, PromiseState, Summary, SurveySum, VisitStart } from './summary.js';

type Entries<T> = [string, T][];

/**
 * A summary as JSON: what is empty is left out, maps are sorted, so that equal summaries are equal texts. What explains
 * it stands on a second line, which a plain card does not parse.
 */
interface SummaryJson {
  f?: number;
  l?: number;
  n?: Entries<number>;
  o?: number;
  r?: number;
  lo?: number;
  $?: Entries<Decimal>;
  $n?: Entries<number>;
  c?: [string, Decimal, Entries<Decimal>, number][];
  i?: PlacedRef[];
  fa?: Entries<PlacedRef>;
  co?: Entries<readonly [at: number, event: string, position: number, given: 0 | 1]>;
  s?: Entries<SurveySum>;
  m?: number;
  w?: Ref[];
  p?: Entries<PromiseState>;
  v?: number;
  lv?: number;
  vo?: Entries<VisitStart>;
  ve?: string[];
  pr?: Entries<Ref>;
  nm?: Ref;
}

const byKey = (a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;

function sorted<T>(map: ReadonlyMap<string, T>): Entries<T> {
  const entries = [...map];
  return entries.length > 1 ? entries.sort(byKey) : entries;
}

export function summaryToJson(summary: Summary): string {
  const json: SummaryJson = {};
  if (summary.first !== null) json.f = summary.first;
  if (summary.last !== null) json.l = summary.last;
  if (summary.counts.size > 0) json.n = sorted(summary.counts);
  if (summary.orders > 0) json.o = summary.orders;
  if (summary.returns > 0) json.r = summary.returns;
  if (summary.lastOrder !== null) json.lo = summary.lastOrder;
  if (summary.spend.size > 0) json.$ = sorted(summary.spend);
  if (summary.spendEvents.size > 0) json.$n = sorted(summary.spendEvents);
  if (summary.categories.size > 0) {
    json.c = sorted(summary.categories).map(([name, { quantity, spend, events }]) => [
      name,
      quantity,
      sorted(spend),
      events,
    ]);
  }
  if (summary.items.length > 0) json.i = summary.items;
  if (summary.facts.size > 0) json.fa = sorted(summary.facts);
  if (summary.consents.size > 0) {
    json.co = sorted(summary.consents).map(([key, { at, event, position, given }]) => [
      key,
      [at, event, position, given ? 1 : 0],
    ]);
  }
  if (summary.surveys.size > 0) json.s = sorted(summary.surveys);
  if (summary.mentions > 0) json.m = summary.mentions;
  if (summary.words.length > 0) json.w = summary.words;
  if (summary.promises.size > 0) json.p = sorted(summary.promises);
  if (summary.visits > 0) json.v = summary.visits;
  if (summary.lastVisit !== null) json.lv = summary.lastVisit;
  if (summary.open.size > 0) json.vo = sorted(summary.open);
  if (summary.ended.size > 0) json.ve = [...summary.ended].sort();
  if (summary.profile.size > 0) json.pr = sorted(summary.profile);
  if (summary.named !== null) json.nm = summary.named;
  const reasons = reasonsToJson(summary);
  return reasons === undefined ? JSON.stringify(json) : `${JSON.stringify(json)}\n${reasons}`;
}

const consent = ([at, event, position, given]: readonly [number, string, number, 0 | 1]): Consent => ({
  at,
  event,
  position,
  given: given === 1,
});

/** With `reasons` that are empty: what a plain card takes. */
export function plainSummaryFromJson(text: string): Summary {
  const end = text.indexOf('\n');
  const json = JSON.parse(end < 0 ? text : text.slice(0, end)) as SummaryJson;
  return {
    first: json.f ?? null,
    last: json.l ?? null,
    counts: new Map(json.n),
    orders: json.o ?? 0,
    returns: json.r ?? 0,
    lastOrder: json.lo ?? null,
    spend: new Map(json.$),
    spendEvents: new Map(json.$n),
    categories: new Map(
      json.c?.map(([name, quantity, spend, events]) => [name, { quantity, spend: new Map(spend), events }]),
    ),
    items: json.i ?? [],
    facts: new Map(json.fa),
    consents: new Map(json.co?.map(([key, one]) => [key, consent(one)])),
    surveys: new Map(json.s),
    mentions: json.m ?? 0,
    words: json.w ?? [],
    promises: new Map(json.p),
    visits: json.v ?? 0,
    lastVisit: json.lv ?? null,
    open: new Map(json.vo),
    ended: new Set(json.ve),
    profile: new Map(json.pr),
    named: json.nm ?? null,
    reasons: new Map(),
  };
}

export function summaryFromJson(text: string): Summary {
  const summary = plainSummaryFromJson(text);
  const end = text.indexOf('\n');
  summary.reasons = reasonsFromJson(end < 0 ? undefined : text.slice(end + 1), summary);
  return summary;
}
