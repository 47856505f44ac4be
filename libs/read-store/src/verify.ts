import { isDeepStrictEqual } from 'node:util';
import { STRENGTHS, type Identifier } from '@threadline/domain/identifier';
import { partyId } from '@threadline/domain/ids';
import type { LocalLog } from '@threadline/event-store/event-store';
import {
  naiveReplay,
  type NaiveCustomer,
  type NaiveData,
  type NaiveFact,
} from '@threadline/projections/naive';
import { searchText } from '@threadline/projections/search-text';
import type { Card } from '@threadline/projections/card';
import { SHOWN } from '@threadline/projections/render-card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import { openEvent, type OpenedEvent } from '@threadline/vault/sealing';
import type { Vault } from '@threadline/vault/vault';
import { decode, handlesOf, interactionOf, isInteraction, type LoggedEvent } from './decode.js';
import { LiveModels } from './live-models.js';
import { SqliteCustomerReads } from './sqlite-customer-reads.js';

/** A row of a read model that is not what the log says. */
export interface Difference {
  readonly model: 'customers' | 'search';
  /** What differs: `card`, `timeline`, `identity`, `party`, `rows`, `words`, or an event's being `usable`. */
  readonly what: string;
  /** The customer's id, the table, or the position. */
  readonly of: string;
  /** Members that differ, as JSON Pointers; never their values: those are personal. */
  readonly at: readonly string[];
}

export interface Verified {
  /** Up to this position. */
  readonly position: number;
  readonly events: number;
  readonly customers: number;
  /** Left out: they are not in the read models. */
  readonly parked: number;
  /** Left out: their key is gone, the log cannot say what they were. */
  readonly forgotten: number;
  readonly differences: number;
}

export interface VerifyOptions {
  readonly folder: string;
  readonly log: LocalLog;
  readonly vault: Vault;
  readonly now: () => number;
  readonly onDifference: (difference: Difference) => void;
  readonly onProgress?: (done: number, total: number) => void;
}

const CHUNK = 2_000;
const PAGE = 200;

/**
 * Replays the log the naive way and holds every row of the live read models against it. Works beside a running hub:
 * the models are read in one snapshot, the log up to its checkpoint.
 */
export async function verifyModels(options: VerifyOptions): Promise<Verified> {
  const models = new LiveModels(options.folder);
  const moment = options.now();
  const reads = new SqliteCustomerReads({ ...options, now: () => moment, models });
  const release = models.hold();
  try {
    return await new Verification(options, models, reads, moment).run();
  } finally {
    release();
    reads.close();
  }
}

class Verification {
  private differences = 0;
  private forgotten = 0;
  private done = 0;
  private readonly total: number;

  constructor(
    private readonly options: VerifyOptions,
    private readonly models: LiveModels,
    private readonly reads: SqliteCustomerReads,
    private readonly now: number,
  ) {
    this.total = models.customers.checkpoint() * 2;
  }

  async run(): Promise<Verified> {
    const { customers } = this.models;
    const position = customers.checkpoint();
    const parked = new Set(customers.parked().map((row) => row.position));
    const facts = await this.facts(position, parked);
    const answer = naiveReplay(facts, { now: this.now });
    let parties = 0;
    let entries = 0;
    let links = 0;
    for (const customer of answer.customers) {
      parties += customer.parties.length;
      entries += customer.rows.length;
      links += customer.links.length;
      await this.compare(customer);
    }
    // With what was forgotten the log alone cannot say how many rows there should be.
    if (this.forgotten === 0) {
      this.count('parties', customers.count('parties'), parties);
      this.count('timeline', customers.count('timeline'), entries);
      this.count('links', customers.count('links'), links);
      this.count('customers', customers.customers(), answer.customers.length);
    }
    const { differences, forgotten } = this;
    return {
      position,
      events: facts.length,
      customers: answer.customers.length,
      parked: parked.size,
      forgotten,
      differences,
    };
  }

  /** The events up to there, opened when they are looked at; the search index is held against each in passing. */
  private async facts(upTo: number, parked: ReadonlySet<number>): Promise<NaiveFact[]> {
    const { log, vault } = this.options;
    const facts: NaiveFact[] = [];
    for (let after = 0; after < upTo;) {
      const recorded = log.after(after, Math.min(CHUNK, upTo - after));
      const last = recorded.at(-1);
      if (last === undefined) break;
      after = last.position;
      const usable = recorded.filter(
        ({ stream, position }) => isInteraction(stream) && !parked.has(position),
      );
      const { logged, unusable } = await decode(usable, vault);
      for (const { event, reason } of unusable)
        this.differ('customers', 'usable', `${event.position}`, [reason]);
      const keyring = await vault.keys(handlesOf(logged.map(({ stored }) => stored)));
      const hash = vault.hash.bind(vault);
      const indexed = this.models.search.positions(after - recorded.length, after);
      for (const event of logged) {
        const opened = openEvent(event.id, event.type, event.stored, keyring, hash);
        if (opened.forgotten || opened.identifiers.includes(undefined)) {
          this.forgotten++;
          continue;
        }
        if (this.models.search.checkpoint() >= event.position) this.compareWords(event, opened, indexed);
        facts.push(this.fact(event, opened));
      }
      this.progress(recorded.length);
    }
    return facts;
  }

  /**
   * A fact with as much of its data as finding its customer takes; the rest is opened when the customer's turn comes,
   * and let go again: a large log does not fit into memory opened.
   */
  private fact(event: LoggedEvent, opened: OpenedEvent): MutableFact {
    const { sequence } = opened.cloudEvent?.data ?? {};
    const identifiers = this.identifiersOf(opened);
    return {
      event: event.id,
      interaction: interactionOf(event.stream),
      position: event.position,
      recordedAt: event.recordedAt,
      type: event.type,
      source: event.stored.source,
      id: opened.cloudEvent?.id ?? '',
      at: event.at,
      data: { ...(sequence !== undefined && { sequence }), identifiers } as unknown as NaiveData,
    };
  }

  private identifiersOf({ identifiers }: OpenedEvent): (Identifier & { party: string })[] {
    const hash = this.options.vault.hash.bind(this.options.vault);
    return identifiers.flatMap((one) =>
      one === undefined ? [] : [{ party: partyId(hash, one.kind, one.value), ...one }],
    );
  }

  private async compare(customer: NaiveCustomer): Promise<void> {
    const facts = customer.rows.map(({ fact }) => fact as MutableFact);
    const small = facts.map(({ data }) => data);
    await this.openAll(facts);
    await this.compareOpened(customer);
    facts.forEach((fact, index) => (fact.data = small[index] as NaiveData));
    this.progress(facts.length);
  }

  private async openAll(facts: readonly MutableFact[]): Promise<void> {
    const { log, vault } = this.options;
    const recorded = log.at(facts.map(({ position }) => position)).filter((event) => event !== undefined);
    const { logged } = await decode(recorded, vault);
    const keyring = await vault.keys(handlesOf(logged.map(({ stored }) => stored)));
    const hash = vault.hash.bind(vault);
    const events = new Map(logged.map((event) => [event.position, event]));
    for (const fact of facts) {
      const event = events.get(fact.position);
      if (event === undefined) continue;
      const opened = openEvent(event.id, event.type, event.stored, keyring, hash);
      const data = opened.cloudEvent?.data ?? {};
      fact.data = (
        'identifiers' in data ? { ...data, identifiers: this.identifiersOf(opened) } : data
      ) as NaiveData;
    }
  }

  private async compareOpened(customer: NaiveCustomer): Promise<void> {
    const { id } = customer;
    this.hold('card', id, await this.reads.card(id, {}), limited(customer.card));
    await this.compareParties(customer);
    const identity = await this.identity(id);
    this.hold('identity', id, identity, {
      parties: customer.parties.map(({ id, kind, value, strength, rows }) => ({
        id,
        kind,
        value,
        strength,
        events: rows.length,
      })),
      links: sortedByText(
        customer.links.map(({ a, b, event, strength, at }) => ({
          pair: [a, b].sort(),
          event,
          strength,
          at: new Date(at).toISOString(),
        })),
      ),
    });
    const expected = customer.timeline;
    let place = 0;
    for await (const entry of this.timeline(id)) {
      this.hold('timeline', `${id} ${entry.event}`, told(entry), told(expected[place++]));
    }
    if (place !== expected.length)
      this.differ('customers', 'timeline', id, [`${place} entries instead of ${expected.length}`]);
  }

  /** What of a party's row no reader may ever see, since a card shows only what comes first of all parties. */
  private async compareParties({ id, parties }: NaiveCustomer): Promise<void> {
    const handles = await this.options.vault.find(parties.map((party) => party.id));
    const [first] = handles;
    const rows =
      first === undefined ? [] : this.models.customers.parties(this.models.customers.customerOf(first) ?? -1);
    const byHandle = new Map(rows.map(({ handle, naming }) => [handle, naming]));
    parties.forEach((party, index) => {
      const naming = byHandle.get(handles[index] ?? -1);
      const named = party.naming && {
        at: party.naming.at,
        event: party.naming.event,
        place: party.naming.place,
      };
      const found = naming && {
        strength: STRENGTHS[naming.strength],
        first: naming.first,
        named:
          naming.name === null
            ? undefined
            : { at: naming.name[0], event: naming.name[1], place: naming.name[3] },
      };
      this.hold('party', `${id} ${party.id}`, found, {
        strength: party.strength,
        first: party.firstSeen,
        named,
      });
    });
  }

  private async *timeline(id: string): AsyncIterable<TimelineEntry> {
    let cursor: string | undefined;
    do {
      const page = await this.reads.timeline(
        id,
        { limit: PAGE, order: 'desc', ...(cursor && { cursor }) },
        {},
      );
      yield* page?.entries ?? [];
      cursor = page?.next ?? undefined;
    } while (cursor !== undefined);
  }

  private async identity(id: string): Promise<unknown> {
    const parties: unknown[] = [];
    const links: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.reads.identity(id, { limit: PAGE, ...(cursor && { cursor }) }, {});
      parties.push(...(page?.parties ?? []));
      for (const { a, b, event, strength, at } of page?.links ?? [])
        links.push({ pair: [a, b].sort(), event, strength, at });
      cursor = page?.next ?? undefined;
    } while (cursor !== undefined);
    return { parties, links: sortedByText(links) };
  }

  private compareWords(event: LoggedEvent, { cloudEvent }: OpenedEvent, indexed: ReadonlySet<number>): void {
    const expected = searchText(cloudEvent?.data ?? {}).trim() !== '';
    if (indexed.has(event.position) !== expected) this.differ('search', 'words', `${event.position}`, []);
  }

  private count(table: string, found: number, expected: number): void {
    if (found !== expected) this.differ('customers', 'rows', table, [`${found} instead of ${expected}`]);
  }

  private hold(what: string, of: string, found: unknown, expected: unknown): void {
    if (isDeepStrictEqual(found, expected)) return;
    this.differ('customers', what, of, [...pathsThatDiffer(found, expected, '')]);
  }

  private differ(model: Difference['model'], what: string, of: string, at: readonly string[]): void {
    this.differences++;
    this.options.onDifference({ model, what, of, at });
  }

  private progress(events: number): void {
    this.done += events;
    this.options.onProgress?.(this.done, Math.max(this.total, this.done));
  }
}

type MutableFact = { -readonly [Member in keyof NaiveFact]: NaiveFact[Member] };

const sortedByText = <T>(list: T[]): T[] =>
  list.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** The naive card is whole; a card shows so many ids and identifiers at most. */
const limited = (card: Card): Card => ({
  ...card,
  ids: card.ids.slice(0, SHOWN),
  identifiers: card.identifiers.slice(0, SHOWN),
});

/** What of an entry both sides tell in the same words. */
function told(entry: TimelineEntry | undefined): unknown {
  const { summary: _, identifiers: __, extra: ___, ...rest } = entry ?? ({} as TimelineEntry);
  return rest;
}

function* pathsThatDiffer(a: unknown, b: unknown, path: string): Iterable<string> {
  if (isDeepStrictEqual(a, b)) return;
  const isRecord = (value: unknown): value is Record<string, unknown> =>
    value !== null && typeof value === 'object';
  if (!isRecord(a) || !isRecord(b) || Array.isArray(a) !== Array.isArray(b)) {
    yield path;
    return;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    yield* pathsThatDiffer(a[key], b[key], `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}
