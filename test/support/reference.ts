import assert from 'node:assert/strict';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { Strength } from '@threadline/domain/identifier';
import { eventId, interactionId, partyId, type Hash } from '@threadline/domain/ids';
import type { NaivePair } from '@threadline/projections/naive-identity';
import type { NaiveNamed, NaiveRecord } from '@threadline/projections/naive-record';
import type { NaiveAnswer, NaiveCustomer } from '@threadline/projections/naive';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import type {
  Clocks,
  CustomerReads,
  IdentityPage,
  TimelineQuery,
} from '@threadline/read-store/customers/customer-reads';
import type { Sent } from './generate.js';

/** Where the log has an event. */
export interface Place {
  readonly position: number;
  readonly recordedAt: number;
}

/** What was sent, as the naive replay takes it: nothing of the product's but the keyed hash and the places in the log. */
export function factsOf(
  sent: readonly Sent[],
  places: ReadonlyMap<string, Place>,
  hash: Hash,
): NaiveRecord[] {
  const facts = new Map<string, NaiveRecord>();
  const named = ({ kind, value }: { kind: string; value: string }): NaiveNamed => ({
    ...{ party: partyId(hash, kind, value), kind, value },
  });
  for (const { cloudEvent, at, identifiers, decided, ruled } of sent) {
    const { source, id, type } = cloudEvent;
    const data: JsonObject = cloudEvent.data ?? {};
    const event = eventId(hash, source, id);
    const place = places.get(event);
    assert.ok(place, `${source} ${id} was accepted and is not in the log`);
    if (ruled !== undefined) {
      facts.set(event, { position: place.position, rules: ruled });
      continue;
    }
    if (decided !== undefined) {
      const { says, parties, rest } = decided;
      const lists = { parties: parties.map(named), rest: rest.map(named) };
      facts.set(event, { event, position: place.position, at, says, ...lists });
      continue;
    }
    const object = typeof data['object'] === 'string' ? data['object'] : id;
    facts.set(event, {
      event,
      interaction: interactionId(hash, source, object),
      ...place,
      type,
      source,
      id,
      at,
      data:
        'identifiers' in data
          ? { ...data, identifiers: identifiers.map((one) => ({ ...named(one), ...one })) }
          : data,
    });
  }
  return [...facts.values()];
}

/** But for presentation; an empty list is as good as none. */
function comparable(entry: TimelineEntry): object {
  const { summary: _summary, identifiers, extra, ...told } = entry;
  const named = Array.isArray(identifiers) && identifiers.length > 0 ? { identifiers } : {};
  return { ...told, ...named, ...(extra && Object.keys(extra).length > 0 && { extra }) };
}

type Asked = Omit<TimelineQuery, 'limit' | 'order' | 'cursor'> & { readonly order?: 'asc' | 'desc' };

async function timelineOf(
  reads: CustomerReads,
  id: string,
  clocks: Clocks,
  limit: number,
  asked: Asked = {},
): Promise<TimelineEntry[]> {
  const entries: TimelineEntry[] = [];
  let cursor: string | undefined;
  do {
    const query: TimelineQuery = { order: 'desc', ...asked, limit, ...(cursor !== undefined && { cursor }) };
    const page = await reads.timeline(id, query, clocks);
    assert.ok(page, `${id} has a card and no timeline`);
    assert.ok(page.entries.length <= limit);
    entries.push(...page.entries);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return entries;
}

/** What a query of the timeline leaves of it, asked the plain way. */
function filtered(
  timeline: readonly TimelineEntry[],
  { order, channel, type, from, to }: Asked,
): TimelineEntry[] {
  const left = timeline.filter(
    (entry) =>
      (channel === undefined || entry.channel === channel) &&
      (type === undefined || entry.type === type) &&
      (from === undefined || Date.parse(entry.at) >= from) &&
      (to === undefined || Date.parse(entry.at) <= to),
  );
  return order === 'asc' ? left.reverse() : left;
}

/** Queries that leave something and drop something, made from an entry in the middle. */
function queriesAbout(timeline: readonly TimelineEntry[]): Asked[] {
  const middle = timeline[timeline.length >> 1];
  if (middle === undefined) return [];
  const at = Date.parse(middle.at);
  return [
    { order: 'asc' },
    { channel: middle.channel },
    { type: middle.type, order: 'asc' },
    { from: at },
    { to: at, order: 'asc' },
    { from: at, to: at, channel: middle.channel, type: middle.type },
  ];
}

async function identityOf(reads: CustomerReads, id: string, clocks: Clocks, limit: number): Promise<object> {
  const parties: IdentityPage['parties'] = [];
  const links: object[] = [];
  const refused: object[] = [];
  let cursor: string | undefined;
  let customer: string | undefined;
  do {
    const page = await reads.identity(id, { limit, ...(cursor !== undefined && { cursor }) }, clocks);
    assert.ok(page, `${id} has a card and no identity`);
    customer = page.id;
    parties.push(...page.parties);
    // Each is told once, on the page of one of its ends.
    links.push(...page.links);
    for (const { because, ...link } of page.refused) {
      const isGiven = link.rule === 'unlinked' || link.rule === 'one-per-person';
      assert.equal(because !== null, isGiven, `${link.rule} because of ${because}`);
      refused.push(link);
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return { id: customer, parties, links: sorted(links), refused: sorted(refused) };
}

const sorted = <T>(list: T[]): T[] => list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

function referenceIdentity(customer: NaiveCustomer, reference: NaiveAnswer): object {
  const { id, parties, links, refused, decided } = customer;
  const told = (link: NaivePair, rule: string, strength: Strength): object => {
    const [a, b] = [link.a, link.b].sort();
    return { a, b, event: link.event, rule, strength, at: new Date(link.at).toISOString() };
  };
  const joins = ({ a, b }: NaivePair): object | null => {
    const other = [a, b].map((end) => reference.customerOf(end)).find((one) => one !== customer);
    return other === undefined ? null : { customer: other.id, parties: other.ids.length };
  };
  return {
    id,
    parties: parties.map(({ id, kind, value, strength, rows }) => ({
      ...{ id, kind, value, strength },
      events: rows.length,
    })),
    links: sorted([
      ...links.map((link) => told(link, 'same-event', link.strength)),
      ...decided.map((pair) => told(pair, 'person', 'verified')),
    ]),
    refused: sorted(refused.map((link) => ({ ...told(link, link.rule, link.strength), joins: joins(link) }))),
  };
}

/**
 * Reads every customer by each of its ids and holds card, timeline and identity against the reference; `parties` are all
 * that could be known, so that who was not known then is asked for as well.
 * @throws AssertionError with the first difference.
 */
export async function assertSame(
  reads: CustomerReads,
  reference: NaiveAnswer,
  clocks: Clocks,
  parties: Iterable<string>,
): Promise<void> {
  for (const customer of reference.customers) await assertSameCustomer(reads, customer, reference, clocks);
  for (const party of parties) {
    if (reference.customerOf(party) !== undefined) continue;
    assert.equal(await reads.card(party, clocks), undefined, `nobody knew ${party} then`);
    assert.equal(await reads.timeline(party, { limit: 1, order: 'desc' }, clocks), undefined);
    assert.equal(await reads.identity(party, { limit: 1 }, clocks), undefined);
  }
  if (clocks.asOf !== undefined || clocks.knownAt !== undefined) return;
  for (const { position, event } of reference.unplaced) {
    assert.equal(await reads.customerAt(position), undefined, `${event} is nobody's yet`);
  }
}

/**
 * Holds every card with what explains it against the reference.
 * @throws AssertionError with the first difference.
 */
export async function assertExplained(
  reads: CustomerReads,
  { customers }: NaiveAnswer,
  clocks: Clocks,
): Promise<void> {
  for (const { id, ids, card, explanation } of customers) {
    const explained = await reads.explainedCard(ids.at(-1) ?? id, clocks);
    assert.deepStrictEqual(explained, { ...card, explain: explanation }, `what explains the card of ${id}`);
  }
}

async function everyoneFound(reads: CustomerReads, q: string): Promise<Set<string>> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await reads.search({ q, limit: 2, ...(cursor !== undefined && { cursor }) });
    found.push(...page.customers.map(({ id }) => id));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  assert.equal(new Set(found).size, found.length, `${q} finds each customer once`);
  return new Set(found);
}

/** Of the texts that are generated; two characters of Chinese are a word. */
const WORDS = ['coat', '外套', '30'];

const entriesThatHold = (timeline: readonly TimelineEntry[], words: string): Set<string> =>
  new Set(
    timeline.filter((entry) => JSON.stringify(entry).toLowerCase().includes(words)).map(({ event }) => event),
  );

async function assertSameCustomer(
  reads: CustomerReads,
  customer: NaiveCustomer,
  reference: NaiveAnswer,
  clocks: Clocks,
): Promise<void> {
  const { id: name, card, timeline } = customer;
  for (const id of customer.ids) {
    assert.deepStrictEqual(await reads.card(id, clocks), card, `the card of ${id}`);
  }
  for (const { kind, value } of customer.parties) {
    assert.equal((await reads.cardByIdentifier(kind, value, clocks))?.id, name, `who ${kind}:${value} is`);
  }
  // Small pages, so that cursors are used.
  const read = await timelineOf(reads, customer.ids.at(-1) ?? '', clocks, 3);
  assert.deepStrictEqual(read.map(comparable), timeline.map(comparable), `the timeline of ${name}`);
  for (const words of WORDS) {
    const found = await timelineOf(reads, name, clocks, 2, { q: words });
    const [mustBe, mayBe] = [
      timeline.filter(({ content }) => content?.text?.includes(words)),
      entriesThatHold(timeline, words),
    ];
    for (const { event } of found) assert.ok(mayBe.has(event), `${event} does not hold ${words}`);
    for (const { event } of mustBe)
      assert.ok(
        found.some((one) => one.event === event),
        `${event} holds ${words}`,
      );
  }
  for (const asked of queriesAbout(timeline)) {
    assert.deepStrictEqual(
      (await timelineOf(reads, name, clocks, 2, asked)).map(comparable),
      filtered(timeline, asked).map(comparable),
      `the timeline of ${name} where ${JSON.stringify(asked)}`,
    );
  }
  assert.deepStrictEqual(
    await identityOf(reads, name, clocks, 2),
    referenceIdentity(customer, reference),
    `the identity of ${name}`,
  );
  if (clocks.asOf !== undefined || clocks.knownAt !== undefined) return;
  for (const { position } of timeline) assert.equal(await reads.customerAt(Number(position)), name);
  const sought = [card.name ?? '', ...card.identifiers.slice(0, 2).map(({ value }) => value)];
  for (const q of sought
    .filter(Boolean)
    .map((text, index) => (index % 2 === 0 ? text.toUpperCase() : text))) {
    const found = await everyoneFound(reads, q);
    assert.ok(found.has(name), `${q} finds ${name}`);
  }
}

/**
 * Everything that readers are told of these parties, as text, so that bytes are compared: but where and when an event was
 * recorded, which is the one thing that depends on arrival.
 */
export async function allReads(
  reads: CustomerReads,
  parties: Iterable<string>,
  clocks: Clocks = {},
): Promise<Record<string, string>> {
  const told = await cardsAndTimelines(reads, parties, clocks);
  for (const party of Object.keys(told)) {
    const identity = await reads.identity(party, { limit: 200 }, clocks);
    told[party] += JSON.stringify(identity, undefined, 1) ?? 'nobody';
  }
  return told;
}

/** The same but for what identity is made of. */
export async function cardsAndTimelines(
  reads: CustomerReads,
  parties: Iterable<string>,
  clocks: Clocks = {},
): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const party of [...parties].sort()) {
    const card = await reads.explainedCard(party, clocks);
    const timeline = card === undefined ? [] : await timelineOf(reads, party, clocks, 200);
    const entries = timeline.map(({ position: _, recordedAt: __, ...entry }) => entry);
    told[party] = JSON.stringify([card ?? null, entries], undefined, 1);
  }
  return told;
}
