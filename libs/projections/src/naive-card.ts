import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { Fact, PromiseMade } from '@threadline/domain/event-catalogue';
import type { Card } from './card.js';
import { naivePurchases } from './naive-purchases.js';
import { decimal, plus, printDecimal, ZERO, type Decimal } from './naive-decimal.js';
import { naiveChannel } from './naive-entry.js';
import { compareMoments, compareText, instant, rfc3339, sortedRecord, type Moment } from './naive-order.js';
import type { NaiveParty, NaiveRow } from './naive-row.js';

const MOST_IDS = 1000;
const MOST_POSTS = 5;
const TWELVE_HOURS = 12 * 60 * 60 * 1000;

const part = (row: NaiveRow, name: string): JsonObject => (row.fact.data[name] ?? {}) as JsonObject;

/** The card of these parties, in the order in which they were first seen, from their events, oldest first. */
export function naiveCard(parties: readonly NaiveParty[], rows: readonly NaiveRow[], now: number): Card {
  const ofType = (...types: string[]): NaiveRow[] =>
    rows.filter((row) => row.standing && types.includes(row.fact.type));
  const [first] = rows;
  const last = rows.at(-1);
  const profile = profileOf(ofType('profile.stated'));
  return {
    id: parties[0]?.id ?? '',
    ids: parties.slice(0, MOST_IDS).map(({ id }) => id),
    name: nameOf(ofType('profile.stated'), parties),
    identifiers: parties.slice(0, MOST_IDS).map(({ kind, value, strength }) => ({ kind, value, strength })),
    totals: { ids: parties.length, identifiers: parties.length },
    firstSeen: first === undefined ? null : rfc3339(first.at),
    lastSeen: last === undefined ? null : rfc3339(last.at),
    counts: countsOf(rows),
    purchases: naivePurchases(ofType('purchase.completed'), ofType('purchase.returned')),
    facts: factsOf(rows),
    consents: consentsOf(ofType('consent.given', 'consent.withdrawn')),
    surveys: surveysOf(ofType('survey.answered')),
    social: {
      mentions: ofType('social.post', 'social.mention').length,
      latest: latestPosts(ofType('social.post', 'social.mention', 'social.message')),
    },
    promises: { open: openPromises(rows) },
    visits: visitsOf(ofType('visit.started'), ofType('visit.ended'), now),
    profile,
  };
}

const named = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

function nameOf(profiles: readonly NaiveRow[], parties: readonly NaiveParty[]): string | null {
  const stated = profiles.map((row) => part(row, 'profile')['name']).findLast(named);
  if (stated !== undefined) return stated;
  let best: NaiveParty['naming'];
  for (const { naming } of parties) {
    if (naming === undefined) continue;
    const order = best === undefined ? 1 : compareMoments(naming, best) || best.place - naming.place;
    if (order > 0) best = naming;
  }
  return best?.name ?? null;
}

function countsOf(rows: readonly NaiveRow[]): Card['counts'] {
  const counts = new Map<string, number>();
  for (const { fact } of rows) {
    const channel = naiveChannel(fact.type, fact.data);
    counts.set(channel, (counts.get(channel) ?? 0) + 1);
  }
  return sortedRecord(counts);
}

function factsOf(rows: readonly NaiveRow[]): Card['facts'] {
  const facts = new Map<string, Card['facts'][string]>();
  for (const { fact } of rows) {
    for (const { slot, value } of (fact.data['facts'] ?? []) as unknown as Fact[]) {
      facts.set(slot, { value, at: rfc3339(fact.at), source: fact.source });
    }
  }
  return sortedRecord(facts);
}

function consentsOf(rows: readonly NaiveRow[]): Card['consents'] {
  const consents = new Map<string, Card['consents'][string]>();
  for (const row of rows) {
    const { purpose, channel } = part(row, 'consent') as { purpose: string; channel?: string };
    const key = channel === undefined ? purpose : `${purpose}:${channel}`;
    consents.set(key, { given: row.fact.type === 'consent.given', at: rfc3339(row.at) });
  }
  return sortedRecord(consents);
}

function surveysOf(rows: readonly NaiveRow[]): Card['surveys'] {
  const surveys = new Map<string, { last: number; at: string; count: number; sum: Decimal }>();
  for (const row of rows) {
    const { metric, score } = part(row, 'survey') as { metric: string; score: number };
    const before = surveys.get(metric);
    surveys.set(metric, {
      last: score,
      at: rfc3339(row.at),
      count: (before?.count ?? 0) + 1,
      sum: plus(before?.sum ?? ZERO, decimal(score)),
    });
  }
  return sortedRecord(
    [...surveys].map(([metric, { sum, ...seen }]) => [
      metric,
      { ...seen, mean: Number(printDecimal(sum)) / seen.count },
    ]),
  );
}

function latestPosts(rows: readonly NaiveRow[]): Card['social']['latest'] {
  return rows
    .slice(-MOST_POSTS)
    .reverse()
    .map((row) => {
      const { platform, url } = part(row, 'social') as { platform?: string; url?: string };
      const { text } = part(row, 'content') as { text?: string };
      return { at: rfc3339(row.at), platform: platform ?? null, text: text ?? null, url: url ?? null };
    });
}

function openPromises(rows: readonly NaiveRow[]): Card['promises']['open'] {
  const made = new Map<string, Card['promises']['open'][number]>();
  const closed = new Set<string>();
  for (const row of rows) {
    const { type, data } = row.fact;
    if (type === 'promise.kept' || type === 'promise.broken')
      closed.add(part(row, 'promise')['id'] as string);
    for (const { id, text, due } of (data['promises'] ?? []) as unknown as PromiseMade[]) {
      made.set(id, { id, text: text ?? null, due: due ?? null, at: rfc3339(row.at) });
    }
  }
  const dueAt = (due: string | null): number => (due === null ? Infinity : (instant(due) ?? Infinity));
  return [...made.values()]
    .filter(({ id }) => !closed.has(id))
    .sort((a, b) => {
      const [left, right] = [dueAt(a.due), dueAt(b.due)];
      return left === right ? compareText(a.id, b.id) : left < right ? -1 : 1;
    });
}

function visitsOf(started: readonly NaiveRow[], ended: readonly NaiveRow[], now: number): Card['visits'] {
  const present = presentVisit(started, ended, now);
  const last: Moment | undefined = started.at(-1);
  return {
    count: started.length,
    last: last === undefined ? null : rfc3339(last.at),
    present: (present?.fact.data['store'] as string | undefined) ?? null,
  };
}

/** The latest visit that goes on. */
export function presentVisit(
  started: readonly NaiveRow[],
  ended: readonly NaiveRow[],
  now: number,
): NaiveRow | undefined {
  const over = new Set(ended.map((row) => row.fact.interaction));
  return started.findLast(
    (row) => row.at <= now && now - row.at < TWELVE_HOURS && !over.has(row.fact.interaction),
  );
}

function profileOf(rows: readonly NaiveRow[]): Card['profile'] {
  const profile = new Map<string, Json>();
  for (const row of rows)
    for (const [name, value] of Object.entries(part(row, 'profile'))) profile.set(name, value);
  return sortedRecord(profile);
}
