import { isDeepStrictEqual } from 'node:util';
import { STRENGTHS, type Identifier } from '@threadline/domain/identifier';
import { partyId } from '@threadline/domain/ids';
import type { LocalLog, RecordedEvent } from '@threadline/event-store/event-store';
import { naiveReplay, type NaiveAnswer, type NaiveCustomer } from '@threadline/projections/naive';
import type { NaiveData, NaiveFact, NaiveRecord, NaiveSaid } from '@threadline/projections/naive-record';
import { searchText } from '@threadline/projections/search-text';
import type { Card } from '@threadline/projections/card';
import { SHOWN } from '@threadline/projections/render-card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import { openEvent, type OpenedEvent } from '@threadline/vault/sealing';
import type { Vault } from '@threadline/vault/vault';
import {
  decode,
  handlesOf,
  interactionOf,
  isOf,
  isOfCustomers,
  type LoggedEvent,
} from '../customers/decode.js';
import { openRules, UnreadableRulesError } from '../identity/identity-rules-events.js';
import { LiveModels } from '../sqlite/live-models.js';
import { SqliteCustomerReads } from '../sqlite/sqlite-customer-reads.js';
import { identityTold, naiveIdentityTold } from './verify-identity.js';

/** A row of a read model that is not what the log says. */
export interface Difference {
  readonly model: 'customers' | 'search';
  /**
   * What differs: `card`, `explanation`, `timeline`, `identity`, `refused`, `label`, `party`, `rows`, `words`, or an event's
   * being `usable`.
   */
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
    const rows = { parties: 0, timeline: 0, links: 0, refused: 0 };
    for (const customer of answer.customers) {
      rows.parties += customer.parties.length;
      rows.timeline += customer.rows.length;
      rows.links += customer.links.length;
      // Both customers tell of it that it would join.
      rows.refused += customer.refused.filter(({ a }) => answer.customerOf(a) === customer).length;
      await this.compare(customer, answer);
    }
    // With what was forgotten the log alone cannot say how many rows there should be.
    if (this.forgotten === 0) {
      // Whom only decisions name has a row, and is nobody as long as it is alone.
      const nobody = namedInDecisions(facts).filter((party) => answer.customerOf(party) === undefined).length;
      rows.parties += nobody;
      for (const [what, expected] of Object.entries(rows))
        this.count(what, customers.count(what as keyof typeof rows), expected);
      this.count('customers', customers.customers(), answer.customers.length + nobody);
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
  private async facts(upTo: number, parked: ReadonlySet<number>): Promise<NaiveRecord[]> {
    const { log, vault } = this.options;
    const facts: NaiveRecord[] = [];
    for (let after = 0; after < upTo;) {
      const recorded = log.after(after, Math.min(CHUNK, upTo - after));
      const last = recorded.at(-1);
      if (last === undefined) break;
      after = last.position;
      const usable = recorded.filter(({ position }) => !parked.has(position));
      for (const event of usable) if (isOf('rules', event)) facts.push(...(await this.rules(event)));
      const { logged, unusable } = await decode(usable.filter(isOfCustomers), vault);
      for (const { event, reason } of unusable)
        this.differ('customers', 'usable', `${event.position}`, [reason]);
      const keyring = await vault.keys(handlesOf(logged));
      const hash = vault.hash.bind(vault);
      const indexed = this.models.search.positions(after - recorded.length, after);
      for (const event of logged) {
        const opened = openEvent(event.id, event.type, event.stored, keyring, hash);
        if (opened.forgotten || opened.identifiers.includes(undefined)) this.forgotten++;
        if (isOf('identity', event)) facts.push(this.said(event, opened));
        else if (!opened.forgotten && !opened.identifiers.includes(undefined)) {
          if (this.models.search.checkpoint() >= event.position) this.compareWords(event, opened, indexed);
          facts.push(this.fact(event, opened));
        }
      }
      this.progress(recorded.length);
    }
    return facts;
  }

  private async rules(event: RecordedEvent): Promise<NaiveRecord[]> {
    try {
      return [{ position: event.position, rules: await openRules(event, this.options.vault) }];
    } catch (error) {
      if (!(error instanceof UnreadableRulesError)) throw error;
      this.differ('customers', 'usable', `${event.position}`, [error.message]);
      return [];
    }
  }

  /** Whom it names and nobody can name any more is passed over: it is not in question who that was. */
  private said({ id: event, position, at, type, clear }: LoggedEvent, opened: OpenedEvent): NaiveSaid {
    const hash = this.options.vault.hash.bind(this.options.vault);
    const named = opened.identifiers.map((one) =>
      one === undefined
        ? []
        : [{ party: partyId(hash, one.kind, one.value), kind: one.kind, value: one.value }],
    );
    const first = clear.firstSide ?? named.length;
    return {
      ...{ event, position, at, says: type === 'identity.linked' ? 'link' : 'unlink' },
      ...{ parties: named.slice(0, first).flat(), rest: named.slice(first).flat() },
    };
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

  private async compare(customer: NaiveCustomer, answer: NaiveAnswer): Promise<void> {
    const facts = customer.rows.map(({ fact }) => fact as MutableFact);
    const small = facts.map(({ data }) => data);
    await this.openAll(facts);
    await this.compareOpened(customer, answer);
    facts.forEach((fact, index) => (fact.data = small[index] as NaiveData));
    this.progress(facts.length);
  }

  private async openAll(facts: readonly MutableFact[]): Promise<void> {
    const { log, vault } = this.options;
    const recorded = log.at(facts.map(({ position }) => position)).filter((event) => event !== undefined);
    const { logged } = await decode(recorded, vault);
    const keyring = await vault.keys(handlesOf(logged));
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

  private async compareOpened(customer: NaiveCustomer, answer: NaiveAnswer): Promise<void> {
    const { id } = customer;
    const { explain, ...card } = (await this.reads.explainedCard(id, {})) ?? {};
    this.hold('card', id, card, limited(customer.card));
    this.hold('explanation', id, explain, customer.explanation);
    await this.compareParties(customer);
    const { isCut, refused, ...identity } = await identityTold(this.reads, id);
    const { refused: allRefused, ...expectedIdentity } = naiveIdentityTold(customer, answer);
    this.hold('identity', id, identity, expectedIdentity);
    const isThere = new Set(allRefused);
    this.hold('refused', id, refused, isCut ? refused.filter((link) => isThere.has(link)) : allRefused);
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
    const label = first === undefined ? undefined : this.models.customers.customerOf(first);
    if (!handles.includes(label)) this.differ('customers', 'label', id, [`${label}`]);
    const rows = this.models.customers.parties(label ?? -1);
    const byHandle = new Map(rows.map(({ handle, naming }) => [handle, naming]));
    parties.forEach((party, index) => {
      const naming = byHandle.get(handles[index] ?? -1);
      const named = party.naming && {
        at: party.naming.at,
        event: party.naming.event,
        place: party.naming.place,
      };
      const found = naming && {
        strength: STRENGTHS[naming.strength] ?? 'claimed',
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

const namedInDecisions = (records: readonly NaiveRecord[]): string[] => [
  ...new Set(
    records.flatMap((one) => ('says' in one ? [...one.parties, ...one.rest].map(({ party }) => party) : [])),
  ),
];

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
