import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { Fact, PromiseMade, Purchase } from '@threadline/domain/event-catalogue';
import type { Card } from './card.js';
import type {
  Explanation,
  Overruled,
  OverruledBy,
  OverruledList,
  Reason,
  Source,
  Tally,
} from './explanation.js';
import { presentVisit } from './naive-card.js';
import { amount, negative, printDecimal } from './naive-decimal.js';
import { naiveChannel } from './naive-entry.js';
import { compareMoments, rfc3339, sortedRecord } from './naive-order.js';
import type { NaiveParty, NaiveRow } from './naive-row.js';
import type { NaiveFact } from './naive-record.js';

const MOST = 5;
const MOST_IDS = 1000;
/** Among which names and parts of sums are looked for. */
const LATEST_ENTRIES = 100;
const LATEST_PURCHASES = 50;

/** One thing that an event said. */
interface Said {
  readonly fact: NaiveFact;
  readonly value: Json;
  /** Its interaction has a newer version of it. */
  readonly old?: boolean;
}

const source = ({ event, type, source: adapter, id, at }: NaiveFact): Source => ({
  event,
  type,
  source: adapter,
  id,
  at: rfc3339(at),
});

const overruled = ({ fact, value }: Said, rule: OverruledBy): Overruled => ({ value, rule, ...source(fact) });

const listed = (all: readonly Overruled[]): OverruledList => ({
  overruled: all.slice(0, MOST),
  more: Math.max(all.length - MOST, 0),
});

/** The last that is no old version stands; `said` is oldest first. */
function reason(said: readonly Said[]): Reason {
  const stands = said.findLast(({ old }) => old !== true) as Said;
  const others = said.filter((one) => one !== stands).reverse();
  return {
    ...source(stands.fact),
    ...listed(
      others.map((one) =>
        overruled(
          one,
          one.old === true ? 'newer-version' : one.fact === stands.fact ? 'same-event' : 'later',
        ),
      ),
    ),
  };
}

function tally(rows: readonly NaiveRow[]): Tally {
  const latest = rows.slice(-MOST).reverse();
  return { events: rows.length, latest: latest.map(({ fact }) => source(fact)) };
}

const lastOf = (rows: readonly NaiveRow[]): Source | null => tally(rows).latest[0] ?? null;

const part = ({ fact }: NaiveRow, name: string): JsonObject => (fact.data[name] ?? {}) as JsonObject;

/** What the rows say, by key, each oldest first. */
function gathered(rows: readonly NaiveRow[], say: (row: NaiveRow) => [string, Json][]): Map<string, Said[]> {
  const all = new Map<string, Said[]>();
  for (const row of rows) {
    for (const [key, value] of say(row)) {
      const one: Said = { fact: row.fact, value, old: !row.standing };
      const before = all.get(key);
      if (before === undefined) all.set(key, [one]);
      else before.push(one);
    }
  }
  return all;
}

/** What of it the card shows. */
const reasonsFor = (keys: Iterable<string>, all: Map<string, Said[]>): Record<string, Reason> =>
  sortedRecord([...keys].map((key) => [key, reason(all.get(key) ?? [])]));

/** `explain` of the card: the same parties and rows as the card's, oldest first. */
export function naiveExplanation(
  card: Card,
  parties: readonly NaiveParty[],
  rows: readonly NaiveRow[],
  now: number,
): Explanation {
  const every = (...types: string[]): NaiveRow[] => rows.filter(({ fact }) => types.includes(fact.type));
  const standing = (...types: string[]): NaiveRow[] => every(...types).filter((row) => row.standing);
  const old = (say: (row: NaiveRow) => Json, ...types: string[]): OverruledList =>
    listed(
      every(...types)
        .filter((row) => !row.standing)
        .reverse()
        .map((row) => overruled({ fact: row.fact, value: say(row) }, 'newer-version')),
    );
  // Facts and promises stand from every version.
  const always = rows.map((row) => ({ ...row, standing: true }));
  const facts = gathered(always, ({ fact }) =>
    ((fact.data['facts'] ?? []) as unknown as Fact[]).map(({ slot, value }) => [slot, value]),
  );
  const surveys = gathered(every('survey.answered'), (row) => {
    const { metric, score } = part(row, 'survey') as { metric: string; score: number };
    return [[metric, score]];
  });
  const consents = gathered(every('consent.given', 'consent.withdrawn'), (row) => {
    const { purpose, channel } = part(row, 'consent') as { purpose: string; channel?: string };
    return [[channel === undefined ? purpose : `${purpose}:${channel}`, row.fact.type === 'consent.given']];
  });
  const profile = gathered(every('profile.stated'), (row) => Object.entries(part(row, 'profile')));
  const visits = standing('visit.started');
  const present =
    card.visits.present === null ? undefined : presentVisit(visits, standing('visit.ended'), now);
  return {
    name: nameOf(every('profile.stated'), parties, rows.slice(-LATEST_ENTRIES)),
    identifiers: parties.slice(0, MOST_IDS).map(({ strength, seen }) => {
      const shows = seen
        .filter(({ fact, place }) => fact.data.identifiers?.[place]?.strength === strength)
        .map(({ fact }) => fact);
      const [first] = shows.sort(compareMoments);
      return first === undefined ? null : source(first);
    }),
    firstSeen: rows[0] === undefined ? null : source(rows[0].fact),
    lastSeen: lastOf(rows),
    counts: sortedRecord(
      Object.keys(card.counts).map((channel) => [
        channel,
        tally(rows.filter(({ fact }) => naiveChannel(fact.type, fact.data) === channel)),
      ]),
    ),
    purchases: purchases(card, standing('purchase.completed', 'purchase.returned'), (say) =>
      old(say, 'purchase.completed', 'purchase.returned'),
    ),
    facts: reasonsFor(Object.keys(card.facts), facts),
    consents: reasonsFor(Object.keys(card.consents), consents),
    surveys: sortedRecord(
      Object.entries(reasonsFor(Object.keys(card.surveys), surveys)).map(([metric, why]) => [
        metric,
        { ...why, events: surveys.get(metric)?.filter((one) => one.old !== true).length ?? 0 },
      ]),
    ),
    social: {
      mentions: tally(standing('social.post', 'social.mention')),
      latest: tally(standing(...SOCIAL)).latest,
      ...old((row) => (part(row, 'content')['text'] as string | undefined) ?? null, ...SOCIAL),
    },
    promises: promises(card, always),
    visits: {
      count: tally(visits),
      last: lastOf(visits),
      present: present === undefined ? null : source(present.fact),
      ...old(({ fact }) => (fact.data['store'] as string | undefined) ?? null, 'visit.started'),
    },
    profile: reasonsFor(Object.keys(card.profile), profile),
  };
}

const SOCIAL = ['social.post', 'social.mention', 'social.message'];

/** Of one event what its profile states comes first, then its identifiers in their order. */
function nameOf(
  profiles: readonly NaiveRow[],
  parties: readonly NaiveParty[],
  latest: readonly NaiveRow[],
): Reason | null {
  const stated = profiles.flatMap(({ fact, standing }): (Said & { stated: boolean; place: number })[] => {
    const name = ((fact.data['profile'] ?? {}) as JsonObject)['name'];
    return typeof name === 'string' && name.trim() !== ''
      ? [{ fact, value: name, old: !standing, stated: true, place: -1 }]
      : [];
  });
  const given = parties.flatMap(({ seen }) =>
    seen.flatMap(({ fact, place }) => {
      const name = fact.data.identifiers?.[place]?.name;
      return typeof name === 'string' && name.trim() !== ''
        ? [{ fact, value: name, old: false, stated: false, place }]
        : [];
    }),
  );
  const all = [...stated, ...given].sort((a, b) => compareMoments(b.fact, a.fact) || a.place - b.place);
  const stands = all.find((one) => one.stated && !one.old) ?? all.find((one) => !one.stated);
  if (stands === undefined) return null;
  const rule = (one: (typeof all)[number]): OverruledBy => {
    if (one.old) return 'newer-version';
    if (stands.stated && !one.stated) return 'stated';
    return one.fact === stands.fact ? 'same-event' : 'later';
  };
  const told = new Set([
    ...latest.map(({ event }) => event),
    ...parties.flatMap(({ naming }) => (naming === undefined ? [] : [`${naming.event}/${naming.place}`])),
  ]);
  const others = all.filter((one) => one !== stands);
  const shown = others.filter(
    ({ fact: { event }, stated: inProfile, place }) =>
      inProfile || told.has(event) || told.has(`${event}/${place}`),
  );
  const { overruled: list } = listed(shown.map((one) => overruled(one, rule(one))));
  return { ...source(stands.fact), overruled: list, more: others.length - list.length };
}

function purchases(
  card: Card,
  rows: readonly NaiveRow[],
  old: (say: (row: NaiveRow) => Json) => OverruledList,
): Explanation['purchases'] {
  const purchaseOf = (row: NaiveRow): Purchase => part(row, 'purchase') as unknown as Purchase;
  const orders = rows.filter(({ fact }) => fact.type === 'purchase.completed');
  const returns = rows.filter(({ fact }) => fact.type === 'purchase.returned');
  const recent = [...orders.slice(-LATEST_PURCHASES), ...returns.slice(-LATEST_PURCHASES)].sort(
    compareMoments,
  );
  return {
    orders: tally(orders),
    returns: tally(returns),
    spend: sortedRecord(
      Object.keys(card.purchases.spend).map((currency) => {
        const isPart = (row: NaiveRow): boolean => purchaseOf(row).currency === currency;
        const latest = recent
          .filter(isPart)
          .slice(-MOST)
          .reverse()
          .map((row) => {
            const total = amount(purchaseOf(row).total);
            const value = printDecimal(row.fact.type === 'purchase.returned' ? negative(total) : total);
            return { ...source(row.fact), value };
          });
        return [currency, { events: rows.filter(isPart).length, latest }];
      }),
    ),
    last: lastOf(orders),
    categories: card.purchases.categories.map(({ name }) => {
      const isPart = (row: NaiveRow): boolean =>
        purchaseOf(row).items?.some(({ category }) => category === name) === true;
      return { ...tally(recent.filter(isPart)), events: rows.filter(isPart).length };
    }),
    items: [...orders]
      .reverse()
      .flatMap((row) => (purchaseOf(row).items ?? []).map(() => source(row.fact)))
      .slice(0, card.purchases.items.length),
    ...old((row) => {
      const { currency, total } = purchaseOf(row);
      return { currency, total };
    }),
  };
}

function promises(card: Card, rows: readonly NaiveRow[]): Explanation['promises'] {
  const made = gathered(rows, ({ fact }) =>
    ((fact.data['promises'] ?? []) as unknown as PromiseMade[]).map(({ id, text, due }) => [
      id,
      { text: text ?? null, due: due ?? null },
    ]),
  );
  const closed = new Map<string, NaiveFact>();
  for (const row of rows) {
    if (row.fact.type !== 'promise.kept' && row.fact.type !== 'promise.broken') continue;
    const id = part(row, 'promise')['id'] as string;
    if (!closed.has(id) && made.has(id)) closed.set(id, row.fact);
  }
  const over = [...closed].sort(([, a], [, b]) => compareMoments(b, a));
  return {
    open: card.promises.open.map(({ id }) => reason(made.get(id) ?? [])),
    closed: over.slice(0, MOST).map(([id, fact]) => {
      const last = made.get(id)?.at(-1) as Said;
      const { text } = last.value as { text: string | null };
      return { id, text, made: source(last.fact), closed: source(fact) };
    }),
    more: Math.max(over.length - MOST, 0),
  };
}
