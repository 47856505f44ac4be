import type { Decimal } from './decimal.js';
import type { PlacedRef, PromiseState, Ref, Summary, SurveySum } from './summary.js';

type Entries<T> = [string, T][];

/** A summary as JSON: what is empty is left out, maps are sorted, so that equal summaries are equal texts. */
interface SummaryJson {
  f?: number;
  l?: number;
  n?: Entries<number>;
  o?: number;
  r?: number;
  lo?: number;
  $?: Entries<Decimal>;
  c?: [string, Decimal, Entries<Decimal>][];
  i?: PlacedRef[];
  fa?: Entries<PlacedRef>;
  co?: Entries<{ at: number; event: string; given: boolean }>;
  s?: Entries<SurveySum>;
  m?: number;
  w?: Ref[];
  p?: Entries<PromiseState>;
  v?: number;
  lv?: number;
  vo?: Entries<readonly [number, string, string | null]>;
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
  if (summary.categories.size > 0) {
    json.c = sorted(summary.categories).map(([name, { quantity, spend }]) => [name, quantity, sorted(spend)]);
  }
  if (summary.items.length > 0) json.i = summary.items;
  if (summary.facts.size > 0) json.fa = sorted(summary.facts);
  if (summary.consents.size > 0) json.co = sorted(summary.consents);
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
  return JSON.stringify(json);
}

export function summaryFromJson(text: string): Summary {
  const json = JSON.parse(text) as SummaryJson;
  return {
    first: json.f ?? null,
    last: json.l ?? null,
    counts: new Map(json.n),
    orders: json.o ?? 0,
    returns: json.r ?? 0,
    lastOrder: json.lo ?? null,
    spend: new Map(json.$),
    categories: new Map(
      json.c?.map(([name, quantity, spend]) => [name, { quantity, spend: new Map(spend) }]),
    ),
    items: json.i ?? [],
    facts: new Map(json.fa),
    consents: new Map(json.co),
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
  };
}
