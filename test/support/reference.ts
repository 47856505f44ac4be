import assert from 'node:assert/strict';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { eventId, interactionId, partyId, type Hash } from '@threadline/domain/ids';
import type { NaiveAnswer, NaiveCustomer, NaiveData, NaiveFact } from '@threadline/projections/naive';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import type { Clocks, CustomerReads } from '@threadline/read-store/customer-reads';
import type { Sent } from './generate.js';

/** Where the log has an event. */
export interface Place {
  readonly position: number;
  readonly recordedAt: number;
}

/** What was sent, as the naive replay takes it: nothing of the product's but the keyed hash and the places in the log. */
export function factsOf(sent: readonly Sent[], places: ReadonlyMap<string, Place>, hash: Hash): NaiveFact[] {
  const facts = new Map<string, NaiveFact>();
  for (const { cloudEvent, at, identifiers } of sent) {
    const { source, id, type } = cloudEvent;
    const data: JsonObject = cloudEvent.data ?? {};
    const event = eventId(hash, source, id);
    const place = places.get(event);
    assert.ok(place, `${source} ${id} was accepted and is not in the log`);
    const named = identifiers.map((one) => ({ party: partyId(hash, one.kind, one.value), ...one }));
    const object = typeof data['object'] === 'string' ? data['object'] : id;
    facts.set(event, {
      event,
      interaction: interactionId(hash, source, object),
      ...place,
      type,
      source,
      id,
      at,
      data: ('identifiers' in data ? { ...data, identifiers: named } : data) as NaiveData,
    });
  }
  return [...facts.values()];
}

/** Presentation, and what the contract does not say the form of. */
function comparable(entry: TimelineEntry): object {
  const { summary: _summary, identifiers: _identifiers, extra: _extra, ...told } = entry;
  return told;
}

async function timelineOf(
  reads: CustomerReads,
  id: string,
  clocks: Clocks,
  limit: number,
): Promise<TimelineEntry[]> {
  const entries: TimelineEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await reads.timeline(
      id,
      { limit, order: 'desc', ...(cursor !== undefined && { cursor }) },
      clocks,
    );
    assert.ok(page, `${id} has a card and no timeline`);
    entries.push(...page.entries);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return entries;
}

async function identityOf(reads: CustomerReads, id: string, clocks: Clocks): Promise<object> {
  const page = await reads.identity(id, { limit: 200 }, clocks);
  assert.ok(page, `${id} has a card and no identity`);
  const links = page.links.map(({ a, b, event, strength, at }) => ({
    pair: [a, b].sort(),
    event,
    strength,
    at,
  }));
  return { id: page.id, parties: page.parties, links: sorted(links) };
}

const sorted = <T>(list: T[]): T[] => list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const referenceIdentity = (customer: NaiveCustomer): object => ({
  id: customer.id,
  parties: customer.parties.map(({ id, kind, value, strength, rows }) => ({
    id,
    kind,
    value,
    strength,
    events: rows.length,
  })),
  links: sorted(
    customer.links.map(({ a, b, event, strength, at }) => ({
      pair: [a, b].sort(),
      event,
      strength,
      at: new Date(at).toISOString(),
    })),
  ),
});

/**
 * Reads every customer by each of its ids and holds card, timeline and identity against the reference.
 * @throws AssertionError with the first difference.
 */
export async function assertSame(
  reads: CustomerReads,
  reference: NaiveAnswer,
  clocks: Clocks,
  parties: Iterable<string>,
): Promise<void> {
  for (const customer of reference.customers) {
    const { card } = customer;
    for (const id of customer.ids) {
      assert.deepStrictEqual(await reads.card(id, clocks), card, `the card of ${id}`);
    }
    for (const { kind, value } of customer.parties) {
      assert.equal(
        (await reads.cardByIdentifier(kind, value, clocks))?.id,
        customer.id,
        `who ${kind}:${value} is`,
      );
    }
    // Small pages, so that cursors are used.
    const timeline = await timelineOf(reads, customer.ids.at(-1) ?? '', clocks, 3);
    const expected = customer.timeline;
    assert.deepStrictEqual(
      timeline.map(comparable),
      expected.map(comparable),
      `the timeline of ${customer.id}`,
    );
    timeline.forEach((entry, index) => assertNothingDropped(entry, expected[index]));
    assert.deepStrictEqual(
      await identityOf(reads, customer.id, clocks),
      referenceIdentity(customer),
      `the identity of ${customer.id}`,
    );
  }
  for (const party of parties) {
    if (reference.customerOf(party) !== undefined) continue;
    assert.equal(await reads.card(party, clocks), undefined, `nobody knew ${party} then`);
    assert.equal(await reads.timeline(party, { limit: 1, order: 'desc' }, clocks), undefined);
    assert.equal(await reads.identity(party, { limit: 1 }, clocks), undefined);
  }
}

/** Members that no field of an entry is for are under `extra`. */
function assertNothingDropped(entry: TimelineEntry, expected: TimelineEntry | undefined): void {
  for (const [name, value] of Object.entries(expected?.extra ?? {})) {
    if (name === 'country') continue;
    assert.deepStrictEqual(entry.extra?.[name], value, `${name} of ${entry.type} is kept under extra`);
  }
}
