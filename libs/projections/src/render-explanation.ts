import type { JsonObject } from '@threadline/domain/canonical-json';
import type { CommonData, PromiseMade } from '@threadline/domain/event-catalogue';
import { negate, plain } from './decimal.js';
import type { ClosedPromise, Explanation, OverruledList, Reason, Source, Tally } from './explanation.js';
import { explainName } from './explain-name.js';
import type { ExplainedNaming } from './naming.js';
import type { RecentPurchases } from './recent.js';
import { compareRefs, type PlacedRef, type Ref } from './refs.js';
import {
  categoriesInOrder,
  isShownItem,
  openPromises,
  presentVisit,
  record,
  type CardParty,
  type CardSource,
} from './render-card.js';
import { Sources, type ExplainedData, type ValueOf } from './sources.js';
import { NAMED, type Trail } from './trail.js';

/** What a card's explanation is rendered from. */
export interface Evidence extends CardSource {
  /** With `reasons`. */
  readonly summary: CardSource['summary'];
  readonly parties: readonly (CardParty & { readonly naming: ExplainedNaming })[];
  /** Names that came with identifiers: how many, and the latest. */
  readonly names: { readonly count: number; readonly latest: readonly PlacedRef[] };
  readonly purchases: RecentPurchases;
  /** Positions of entries: the first and the last of all; the latest `NAMED` of some, latest first. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly channels: ReadonlyMap<string, readonly number[]>;
  readonly mentions: readonly number[];
  readonly visits: readonly number[];
}

const NOTHING: Trail = { count: 0, latest: [], superseded: 0, versions: [] };

/** The positions of the events that an explanation opens, besides those of the card. */
export function positionsExplaining(evidence: Evidence, now: number): Set<number> {
  const { summary, parties, names, purchases, first, last, channels, mentions, visits } = evidence;
  const found = new Set<number>([...mentions, ...visits, ...[...channels.values()].flat()]);
  for (const position of [first, last]) if (position !== undefined) found.add(position);
  for (const { naming } of parties) if (naming.shown !== null) found.add(naming.shown.position);
  const { orders, returns, spend, categories } = purchases;
  const parts = [...spend.values(), ...categories.values()].flat();
  for (const ref of [...names.latest, ...orders, ...returns, ...parts]) found.add(ref[2]);
  for (const { latest, versions } of summary.reasons.values())
    for (const ref of [...latest, ...versions]) found.add(ref[2]);
  for (const { made, closed } of closedPromises(summary).slice(0, NAMED)) found.add(made[2]).add(closed[2]);
  const present = presentVisit(summary, now);
  if (present !== undefined) found.add(present[2]);
  return found;
}

/** `opened` has every position of `positionsOf` and `positionsExplaining`; `now` is the moment asked about. */
export function renderExplanation(
  evidence: Evidence,
  opened: ReadonlyMap<number, ExplainedData>,
  now: number,
): Explanation {
  const { summary, parties, purchases, first, last, channels, mentions, visits } = evidence;
  const sources = new Sources(opened);
  const trail = (subject: string): Trail => summary.reasons.get(subject) ?? NOTHING;
  const reason = (subject: string, value: ValueOf): Reason => sources.reason(trail(subject), value);
  const reasons = (
    keys: Iterable<string>,
    kind: string,
    value: (key: string) => ValueOf,
  ): Record<string, Reason> => record([...keys].map((key) => [key, reason(`${kind}/${key}`, value(key))]));
  const superseded = (subject: string, value: ValueOf): OverruledList =>
    sources.superseded(trail(subject), value);
  const tally = (events: number, refs: readonly Ref[] = []): Tally => ({
    events,
    latest: refs.map((ref) => sources.of(ref)),
  });
  const entries = (events: number, positions: readonly number[] = []): Tally => ({
    events,
    latest: positions.flatMap((position) => sources.at(position) ?? []),
  });
  const visited = entries(summary.visits, visits);
  const present = presentVisit(summary, now);
  const closed = closedPromises(summary);
  return {
    name: explainName(evidence, sources),
    identifiers: parties.map(({ naming }) => sources.at(naming.shown?.position)),
    firstSeen: sources.at(first),
    lastSeen: sources.at(last),
    counts: record(
      [...summary.counts].map(([channel, events]) => [channel, entries(events, channels.get(channel))]),
    ),
    purchases: {
      orders: tally(summary.orders, purchases.orders),
      returns: tally(summary.returns, purchases.returns),
      spend: record(
        [...summary.spendEvents].map(([currency, events]) => {
          const part = (ref: Ref): Source & { value: string } => ({
            ...sources.of(ref),
            value: amount(sources.data(ref[2])),
          });
          return [currency, { events, latest: (purchases.spend.get(currency) ?? []).map(part) }];
        }),
      ),
      last: purchases.orders[0] === undefined ? null : sources.of(purchases.orders[0]),
      categories: categoriesInOrder(summary).map(([name, { events }]) =>
        tally(events, purchases.categories.get(name)),
      ),
      items: summary.items.filter((ref) => isShownItem(ref, opened)).map((ref) => sources.of(ref)),
      ...superseded('purchase', ({ clear: { purchase } }) =>
        purchase === undefined ? undefined : { currency: purchase.currency, total: purchase.total },
      ),
    },
    facts: reasons(summary.facts.keys(), 'fact', () => ({ data }, place) => {
      const fact = (data as CommonData | undefined)?.facts?.[place];
      return fact && (fact.value ?? null);
    }),
    consents: reasons(
      summary.consents.keys(),
      'consent',
      () =>
        ({ type }) =>
          type === 'consent.given',
    ),
    surveys: record(
      [...summary.surveys].map(([metric, { count }]) => [
        metric,
        { ...reason(`survey/${metric}`, ({ clear }) => clear.survey?.score), events: count },
      ]),
    ),
    social: {
      mentions: entries(summary.mentions, mentions),
      latest: summary.words.map((ref) => sources.of(ref)),
      ...superseded('word', ({ data }) => data && ((data as CommonData).content?.text ?? null)),
    },
    promises: {
      open: openPromises(summary, opened).map(({ token }) => reason(`promise/${token}`, promised)),
      closed: closed.slice(0, NAMED).map((one) => closedPromise(one, sources)),
      more: Math.max(0, closed.length - NAMED),
    },
    visits: {
      count: visited,
      last: visited.latest[0] ?? null,
      present: present === undefined || present[3] === null ? null : sources.of(present),
      ...superseded('visit', ({ clear }) => clear.store ?? null),
    },
    profile: reasons(summary.profile.keys(), 'profile', (field) => ({ data }) => {
      const profile = data?.['profile'] as JsonObject | undefined;
      return profile && (profile[field] ?? null);
    }),
  };
}

/** What a purchase adds to the spend: a return is below zero. */
function amount(event: ExplainedData | undefined): string {
  const total = event?.clear.purchase?.total ?? '0';
  return event?.type === 'purchase.returned' ? negate(total) : plain(total);
}

const promiseOf = (event: ExplainedData | undefined, place: number): PromiseMade | undefined =>
  (event?.data as CommonData | undefined)?.promises?.[place];

const promised: ValueOf = (event, place) => {
  const promise = promiseOf(event, place);
  return promise && { text: promise.text ?? null, due: promise.due ?? null };
};

interface Closed {
  readonly made: PlacedRef;
  readonly closed: Ref;
}

/** The promises that were kept or broken, those that were closed last first. */
function closedPromises({ promises }: Evidence['summary']): Closed[] {
  const found: Closed[] = [];
  for (const { made, closed } of promises.values()) {
    if (made !== undefined && closed !== undefined) found.push({ made, closed });
  }
  return found.sort((a, b) => compareRefs(b.closed, a.closed));
}

function closedPromise({ made, closed }: Closed, sources: Sources): ClosedPromise {
  const promise = promiseOf(sources.data(made[2]), made[3]);
  const own = sources.data(closed[2])?.data?.['promise'] as { id: string } | undefined;
  return {
    id: promise?.id ?? own?.id ?? null,
    text: promise?.text ?? null,
    made: sources.of(made),
    closed: sources.of(closed),
  };
}
