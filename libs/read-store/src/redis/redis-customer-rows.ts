import type { ExplainedNaming } from '@threadline/projections/naming';
import { combine, emptySummary, type Summary } from '@threadline/projections/summary';
import { plainSummaryFromJson, summaryFromJson } from '@threadline/projections/summary-json';
import {
  somebody,
  type CustomerRows,
  type EntryPlace,
  type EntryRange,
  type EntryRow,
  type ExplainedParty,
  type KnownParty,
  type ParkedRow,
} from '../customers/customer-rows.js';
import { explainedNamingOf, type NamingColumns } from '../sqlite/naming-columns.js';
import { textOf } from './driver.js';
import { isSeveral, keyOfEntry, positionOfEntry, termBytes, timeOfKey } from './keys.js';
import { RedisIdentityRows } from './redis-identity-rows.js';
import { MovedError, type Session } from './session.js';

/** Of customers with more parties than this a combined summary is kept. */
const FEW_PARTIES = 32;
const KEPT = 64;
/** Parties whose timelines are asked at once. */
const ASKED_AT_ONCE = 32;

/** Combined summaries of large customers, for the reads to come. */
export class CombinedSummaries {
  private readonly kept = new Map<string, Summary>();

  get(name: string): Summary | undefined {
    return this.kept.get(name);
  }

  keep(name: string, summary: Summary): void {
    if (this.kept.size >= KEPT) this.kept.clear();
    this.kept.set(name, summary);
  }
}

/** A customer's hash as it was read. */
interface CustomerHash {
  readonly edition: number;
  readonly parties: ExplainedParty[];
}

/** The rows of a model in a Redis, as they were at the session's moment. */
export class RedisCustomerRows implements CustomerRows {
  readonly identity: RedisIdentityRows;
  private readonly customers = new Map<number, Promise<CustomerHash>>();

  constructor(
    private readonly session: Session,
    private readonly combined: CombinedSummaries,
  ) {
    this.identity = new RedisIdentityRows(session);
  }

  checkpoint(): Promise<number> {
    return Promise.resolve(this.session.moment.position);
  }

  async customersOf(parties: readonly number[]): Promise<(number | undefined)[]> {
    const rows = await this.identity.partyRows(parties);
    return Promise.all(
      rows.map(async (row) => {
        if (row === undefined) return undefined;
        // Only who was never seen may be nobody.
        if (row.seen) return row.customer;
        return (await this.parties(row.customer)).length > 0 ? row.customer : undefined;
      }),
    );
  }

  parties(customer: number): Promise<KnownParty[]> {
    return this.explainedParties(customer);
  }

  async explainedParties(customer: number): Promise<ExplainedParty[]> {
    return somebody([...(await this.customer(customer)).parties]);
  }

  private customer(customer: number): Promise<CustomerHash> {
    let known = this.customers.get(customer);
    if (known === undefined) this.customers.set(customer, (known = this.readCustomer(customer)));
    return known;
  }

  private async readCustomer(customer: number): Promise<CustomerHash> {
    const { keys } = this.session;
    const [[found]] = (await this.session.ask([
      { of: customer, commands: [['hgetall', keys.of('c', customer)]] },
    ])) as [[Buffer[]]];
    let edition: number | undefined;
    const parties: ExplainedParty[] = [];
    for (let i = 0; i + 1 < found.length; i += 2) {
      const [field, value] = [String(found[i]), String(found[i + 1])];
      if (field === 'v') edition = Number(value);
      else parties.push({ handle: Number(field), naming: namingFrom(value) });
    }
    // Whose label it was has another one by now.
    if (edition === undefined) throw new MovedError();
    this.session.require(edition);
    return { edition, parties: parties.sort((a, b) => a.handle - b.handle) };
  }

  async summary(customer: number, parties: readonly KnownParty[]): Promise<Summary> {
    if (parties.length <= FEW_PARTIES) return this.combine(parties, plainSummaryFromJson);
    const { edition } = await this.customer(customer);
    const name = `${this.session.moment.build}/${customer}/${edition}`;
    const known = this.combined.get(name);
    if (known !== undefined) return known;
    const summary = await this.combine(parties, plainSummaryFromJson);
    this.combined.keep(name, summary);
    return summary;
  }

  async explainedSummary(customer: number): Promise<Summary> {
    return this.combine((await this.customer(customer)).parties, summaryFromJson);
  }

  private async combine(parties: readonly KnownParty[], parse: (json: string) => Summary): Promise<Summary> {
    const { keys } = this.session;
    const found = await this.session.ask(
      parties.map(({ handle }) => ({ of: handle, commands: [['get', keys.of('y', handle)]] })),
    );
    const summaries = found.flatMap(([value]) => {
      if (value === null) return [];
      const [edition, json] = partedAt(textOf(value));
      this.session.require(Number(edition));
      return [parse(json)];
    });
    const [only] = summaries;
    if (summaries.length === 1 && only !== undefined) return only;
    return summaries.reduce((sum, one) => combine(sum, one), emptySummary());
  }

  async lastSeen(customers: readonly number[]): Promise<(number | null)[]> {
    const spans = await this.spans(customers);
    return spans.map((span) =>
      span.reduce<number | null>((last, one) => Math.max(last ?? one.last, one.last), null),
    );
  }

  /** Of each customer when its parties' timelines begin and end. */
  private async spans(customers: readonly number[]): Promise<Span[][]> {
    const { keys } = this.session;
    const found = await this.session.ask(
      customers.map((customer) => ({
        of: customer,
        commands: [
          ['hget', keys.of('c', customer), 'v'],
          ['hgetall', keys.of('s', customer)],
        ],
      })),
    );
    return found.map(([edition, spans]) => {
      if (edition === null) throw new MovedError();
      this.session.require(Number(textOf(edition)));
      return spansFrom(spans as Buffer[]);
    });
  }

  async events(parties: readonly number[]): Promise<number[]> {
    const found = await this.identity.askParties(parties, (party, keys) => ['zcard', keys.of('t', party)]);
    return found.map((count) => count as number);
  }

  async eventsOf(customer: number): Promise<number> {
    const { parties } = await this.customer(customer);
    const counts = await this.events(parties.map(({ handle }) => handle));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /**
   * The parties are asked in the order in which their timelines may have the next entry, until nobody who was not asked
   * can have one: of a customer with many parties a page asks a few.
   */
  async entries(customer: number, range: EntryRange): Promise<EntryRow[]> {
    const { order, limit, type, channel, standing } = range;
    const terms = await this.terms([...(type === undefined ? [] : [type]), ...(standing ?? [])], channel);
    if (terms === undefined) return [];
    const [from, to] = [timeOfKey(range.from), timeOfKey(range.to)];
    const [spans = []] = await this.spans([customer]);
    const sign = order === 'asc' ? 1 : -1;
    // Where the first entry of the party in this range can be at best.
    const best = ({ first, last }: Span): number =>
      order === 'asc' ? Math.max(first, from) : -Math.min(last, to);
    const waiting = spans
      .filter(({ first, last }) => first <= to && last >= from)
      .sort((a, b) => best(a) - best(b));
    const asked = {
      ...{ order, limit, ...terms, standing: standing !== undefined },
      from: Buffer.concat([Buffer.from('['), range.from]),
      to: Buffer.concat([Buffer.from('('), range.to]),
    };
    let found: EntryRow[] = [];
    for (let at = 0; at < waiting.length; at += ASKED_AT_ONCE) {
      const worst = found[limit - 1];
      const next = waiting[at] as Span;
      if (worst !== undefined && sign * timeOfKey(worst.key) < best(next)) break;
      const some = await Promise.all(
        waiting.slice(at, at + ASKED_AT_ONCE).map(async ({ party }) =>
          (await this.session.entries(party, asked)).map((member) => ({
            party,
            key: keyOfEntry(member),
            position: positionOfEntry(member),
          })),
        ),
      );
      found = [...found, ...some.flat()].sort((a, b) => Buffer.compare(a.key, b.key) * sign).slice(0, limit);
    }
    return found;
  }

  /** Types and channels as entries have them; undefined where one is asked for that was never met. */
  private async terms(
    types: readonly string[],
    channel: string | undefined,
  ): Promise<{ types: Buffer; channels: Buffer } | undefined> {
    const asked = [...types, ...(channel === undefined ? [] : [channel])];
    const none = Buffer.alloc(0);
    if (asked.length === 0) return { types: none, channels: none };
    // A term keeps its number: it matters not when it was written.
    const [found] = (await this.session.ask([
      { of: 0, commands: [['hmget', this.session.keys.whole('terms'), ...asked]] },
    ])) as [[(Buffer | null)[]]];
    const numbers = found[0].map((number) =>
      number === null ? undefined : termBytes(Number(String(number))),
    );
    const known = numbers.slice(0, types.length).filter((one) => one !== undefined);
    const inChannel = channel === undefined ? none : numbers.at(-1);
    if (inChannel === undefined || (types.length > 0 && known.length === 0)) return undefined;
    return { types: Buffer.concat(known), channels: inChannel };
  }

  async places(parties: readonly number[], to: Uint8Array): Promise<EntryPlace[]> {
    const end = Buffer.concat([Buffer.from('('), to]);
    const found = await this.identity.askParties(parties, (party, keys) => [
      ...(['zrange', keys.of('t', party), '-', end, 'BYLEX'] as const),
    ]);
    return (found as Buffer[][])
      .flat()
      .map((member) => ({ position: positionOfEntry(member), several: isSeveral(member) }));
  }

  async mentions(parties: readonly number[]): Promise<number[]> {
    const found = await this.identity.askParties(parties, (party, keys) => ['smembers', keys.of('m', party)]);
    return (found as Buffer[][]).flat().map((position) => Number(String(position)));
  }

  async parked(): Promise<ParkedRow[]> {
    const [found] = (await this.session.askWhole([['hvals', this.session.keys.whole('parked')]])) as [
      Buffer[],
    ];
    const rows = found.map((row) => JSON.parse(String(row)) as ParkedRow);
    return rows.sort((a, b) => a.position - b.position);
  }

  async parkedOf(positions: readonly number[]): Promise<ReadonlySet<number>> {
    if (positions.length === 0) return new Set();
    const command = ['hmget', this.session.keys.whole('parked'), ...positions] as const;
    const [found] = (await this.session.askWhole([command])) as [(Buffer | null)[]];
    return new Set(positions.filter((_, index) => found[index] !== null));
  }
}

/** When a party's timeline begins and ends, in milliseconds. */
interface Span {
  readonly party: number;
  readonly first: number;
  readonly last: number;
}

function spansFrom(fields: readonly Buffer[]): Span[] {
  const spans: Span[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [first = 0, last = 0] = String(fields[i + 1])
      .split(',')
      .map(Number);
    spans.push({ party: Number(String(fields[i])), first, last });
  }
  return spans;
}

const namingFrom = (json: string): ExplainedNaming => explainedNamingOf(JSON.parse(json) as NamingColumns);

/** `edition|the rest`. */
export function partedAt(text: string): [edition: string, rest: string] {
  const at = text.indexOf('|');
  return [text.slice(0, at), text.slice(at + 1)];
}
