import { isDeepStrictEqual } from 'node:util';
import { STRENGTHS } from '@threadline/domain/identifier';
import type { LocalLog } from '@threadline/event-store/event-store';
import { naiveReplay, type NaiveAnswer, type NaiveCustomer } from '@threadline/projections/naive';
import type { NaiveData, NaiveRecord } from '@threadline/projections/naive-record';
import type { Card } from '@threadline/projections/card';
import { SHOWN } from '@threadline/projections/render-card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';
import type { Vault } from '@threadline/vault/vault';
import { LiveModels } from '../sqlite/live-models.js';
import { SqliteCustomerReads } from '../sqlite/sqlite-customer-reads.js';
import { identityTold, naiveIdentityTold } from './verify-identity.js';
import { VerifiedLog, type Difference, type MutableFact } from './verify-log.js';

export type { Difference };

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
  private readonly read: VerifiedLog;
  private done = 0;
  private readonly total: number;

  constructor(
    private readonly options: VerifyOptions,
    private readonly models: LiveModels,
    private readonly reads: SqliteCustomerReads,
    private readonly now: number,
  ) {
    this.total = models.customers.checkpoint() * 2;
    this.read = new VerifiedLog({
      ...{ log: options.log, vault: options.vault, search: models.search },
      differ: (...difference) => this.differ(...difference),
      progress: (events) => this.progress(events),
    });
  }

  async run(): Promise<Verified> {
    const { customers } = this.models;
    const position = customers.checkpoint();
    const parked = new Set(customers.parked().map((row) => row.position));
    const facts = await this.read.facts(position, parked);
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
    if (this.read.forgotten === 0) {
      // Whom only decisions name has a row, and is nobody as long as it is alone.
      const nobody = namedInDecisions(facts).filter((party) => answer.customerOf(party) === undefined).length;
      rows.parties += nobody;
      for (const [what, expected] of Object.entries(rows))
        this.count(what, customers.count(what as keyof typeof rows), expected);
      this.count('customers', customers.customers(), answer.customers.length + nobody);
    }
    const { differences } = this;
    const { forgotten } = this.read;
    return {
      position,
      events: facts.length,
      customers: answer.customers.length,
      parked: parked.size,
      forgotten,
      differences,
    };
  }

  private async compare(customer: NaiveCustomer, answer: NaiveAnswer): Promise<void> {
    const facts = customer.rows.map(({ fact }) => fact as MutableFact);
    const small = facts.map(({ data }) => data);
    await this.read.openAll(facts);
    await this.compareOpened(customer, answer);
    facts.forEach((fact, index) => (fact.data = small[index] as NaiveData));
    this.progress(facts.length);
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
    if (!handles.includes(label) || handles.some((handle) => handle !== undefined && handle < (label ?? -1)))
      this.differ('customers', 'label', id, [`${label}`]);
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
