import type { StatementSync } from 'node:sqlite';
import type { ParkedRow } from '../customers/customer-rows.js';
import type { CustomersModel } from '../sqlite/customers-model.js';
import { NAMING, NEVER_SEEN, type NamingColumns } from '../sqlite/naming-columns.js';
import { decisionAt } from '../sqlite/identity-tables.js';
import { entryMember, timeOfKey, type Keys } from './keys.js';
import type { PartBatch } from './part-batch.js';
import { relationMember, reviewMember, type LinkFields } from './redis-identity-rows.js';
import type { Touched } from './touched-rows.js';

/** Operations that are gathered before they are written. */
const GATHERED = 20_000;

type EntryColumns = [k: Uint8Array, position: number, type: number, channel: number, flags: number];
type LinkColumns = [
  a: number,
  b: number,
  event: string,
  position: number,
  strength: number,
  at: number,
  place: number,
  counts: number,
  refusal: string | null,
  because: string | null,
  kindA: string,
  kindB: string,
];

const LINK = `SELECT l.a, l.b, l.event, l.position, l.strength, l.at, l.place, l.counts, l.refusal, l.because, ka.term, kb.term
  FROM links l JOIN parties pa ON pa.handle = l.a JOIN terms ka ON ka.id = pa.kind
  JOIN parties pb ON pb.handle = l.b JOIN terms kb ON kb.id = pb.kind`;
const PARKED = 'SELECT position, stream, event, type, reason, parked_at AS at FROM parked';

/**
 * Puts rows of the working copy into a batch as they are now, whatever became of them: what is touched twice or
 * published again comes out the same.
 */
export class RowPublication {
  private readonly moved = new Set<number>();

  constructor(
    private readonly model: CustomersModel,
    private readonly keys: Keys,
    private readonly batch: PartBatch,
  ) {}

  private sql(text: string): StatementSync {
    return this.model.statements.sql(text);
  }

  private all<Row>(text: string, ...values: (string | number | Uint8Array)[]): Row[] {
    return this.sql(text).all(...values) as unknown as Row[];
  }

  private one<Row>(text: string, ...values: (string | number | Uint8Array)[]): Row | undefined {
    return this.sql(text).get(...values) as unknown as Row | undefined;
  }

  /**
   * What a batch of the projector changed. What is parked comes first, alone: who goes on where a batch was cut off sees by
   * it whether that had put something aside, or had taken it in.
   */
  async touched(touched: Touched): Promise<void> {
    for (const position of touched.parked) this.parked(position);
    if (touched.parked.length > 0) await this.batch.flush();
    for (const party of touched.parties) this.party(party);
    for (const [customer, party] of touched.members) this.member(customer, party);
    for (const party of touched.summaries) this.summary(party);
    for (const [party, key] of touched.entries) {
      this.entry(party, key);
      await this.flushed();
    }
    for (const [party, position] of touched.mentions) this.mention(party, position);
    for (const link of touched.links) {
      const [row] = this.all<LinkColumns>(`${LINK} WHERE l.a = ? AND l.b = ? AND l.event = ?`, ...link);
      if (row !== undefined) this.link(row);
    }
    for (const key of touched.relations) {
      const [row] = this.all<[number]>(
        'SELECT at FROM relations WHERE shared = ? AND party = ? AND position = ?',
        ...key,
      );
      if (row !== undefined) this.relation(...key, ...row);
    }
    for (const position of touched.decisions) this.decision(position);
    for (const position of touched.rules) this.rules(position);
    for (const term of touched.terms) this.term(term);
    await this.flushed();
  }

  /** The whole model. */
  async everything(): Promise<void> {
    for (const [term] of this.all<[number]>('SELECT id FROM terms')) this.term(term);
    for (const [position] of this.all<[number]>('SELECT position FROM rules')) this.rules(position);
    for (const [position] of this.all<[number]>('SELECT position FROM parked')) this.parked(position);
    const parties = this.all<[number]>('SELECT handle FROM parties ORDER BY handle');
    for (const [party] of parties) {
      this.party(party);
      this.summary(party);
      for (const row of this.all<EntryColumns>(
        'SELECT k, position, type, channel, flags FROM timeline WHERE party = ?',
        party,
      ))
        this.batch.add(party, 'z', this.keys.of('t', party), memberOf(row));
      for (const [position] of this.all<[number]>('SELECT position FROM mentions WHERE party = ?', party))
        this.mention(party, position);
      for (const row of this.all<LinkColumns>(`${LINK} WHERE l.a = ?`, party)) this.link(row);
      for (const row of this.all<[number, number, number]>(
        'SELECT party, position, at FROM relations WHERE shared = ?',
        party,
      ))
        this.relation(party, ...row);
      await this.flushed();
    }
    for (const [position] of this.all<[number]>('SELECT position FROM decisions')) {
      this.decision(position);
      await this.flushed();
    }
  }

  private async flushed(): Promise<void> {
    if (this.batch.size >= GATHERED) await this.batch.flush();
  }

  /** Its keys are read together with its row, which tells whether they moved: whatever is changed, the row is written. */
  private party(handle: number): void {
    if (this.moved.has(handle)) return;
    this.moved.add(handle);
    const row = this.one<[number, string, ...NamingColumns]>(
      `SELECT customer, (SELECT term FROM terms WHERE id = kind), ${NAMING} FROM parties WHERE handle = ?`,
      handle,
    );
    if (row === undefined) return;
    const { batch, keys } = this;
    const [customer, kind, ...naming] = row;
    const seen = naming[1] === NEVER_SEEN ? '0' : '1';
    batch.add(handle, 'S', keys.of('p', handle), [batch.edition, customer, seen, kind].join('|'));
    batch.add(customer, 'H', keys.of('c', customer), handle, JSON.stringify(naming));
    const span = this.span(handle);
    if (span === undefined) batch.add(customer, 'h', keys.of('s', customer), handle);
    else batch.add(customer, 'H', keys.of('s', customer), handle, span.join());
    batch.touchCustomer(customer);
  }

  private span(party: number): [first: number, last: number] | undefined {
    const [first, last] = ['ASC', 'DESC'].map((order) =>
      this.one<[Uint8Array]>(`SELECT k FROM timeline WHERE party = ? ORDER BY k ${order} LIMIT 1`, party),
    );
    return first && last && [timeOfKey(first[0]), timeOfKey(last[0])];
  }

  private member(customer: number, party: number): void {
    const [now] = this.one<[number]>('SELECT customer FROM parties WHERE handle = ?', party) ?? [];
    if (now === customer) return;
    for (const kind of ['c', 's']) this.batch.add(customer, 'h', this.keys.of(kind, customer), party);
    this.batch.touchCustomer(customer);
  }

  private summary(party: number): void {
    const key = this.keys.of('y', party);
    const summary = this.model.summary(party);
    if (summary === undefined) this.batch.add(party, 'D', key);
    else this.batch.add(party, 'S', key, `${this.batch.edition}|${summary}`);
    this.party(party);
  }

  private entry(party: number, key: Uint8Array): void {
    const row = this.one<EntryColumns>(
      'SELECT k, position, type, channel, flags FROM timeline WHERE party = ? AND k = ?',
      party,
      key,
    );
    const member = row === undefined ? '' : memberOf(row);
    this.batch.add(party, 'Z', this.keys.of('t', party), Buffer.from(key), member);
    this.party(party);
  }

  private mention(party: number, position: number): void {
    this.batch.add(party, 'A', this.keys.of('m', party), position);
    this.party(party);
  }

  private link(row: LinkColumns): void {
    const [a, b, event, position, strength, at, place, counts, refusal, because, kindA, kindB] = row;
    for (const [party, other, kind] of [
      [a, b, kindB],
      [b, a, kindA],
    ] as const) {
      const rule = refusal as LinkFields[5];
      const fields: LinkFields = [position, strength, at, place, counts, rule, because, kind];
      this.batch.add(party, 'H', this.keys.of('l', party), `${other}/${event}`, JSON.stringify(fields));
      this.party(party);
    }
    this.batch.touchWhole();
    const member = reviewMember({ a, b, event, position, strength, at, place });
    this.batch.add(0, refusal === 'review' ? 'z' : 'x', this.keys.whole('reviews'), member);
  }

  private relation(shared: number, party: number, position: number, at: number): void {
    this.batch.add(party, 'z', this.keys.of('r', party), relationMember(shared, position, at));
    this.batch.add(shared, 'z', this.keys.of('x', shared), relationMember(party, position, at));
    for (const one of [shared, party]) this.party(one);
  }

  private decision(position: number): void {
    const decision = decisionAt(this.model.statements, position);
    this.batch.add(position, 'S', this.keys.of('e', position), JSON.stringify(decision));
    for (const party of new Set([...decision.parties, ...(decision.rest ?? [])])) {
      this.batch.add(party, 'A', this.keys.of('d', party), `${position},${decision.at}`);
      this.party(party);
    }
  }

  private rules(position: number): void {
    this.batch.add(0, 'A', this.keys.whole('rules'), position);
    this.batch.touchWhole();
  }

  private parked(position: number): void {
    const statement = this.model.database.prepare(`${PARKED} WHERE position = ?`);
    const row = statement.get(position) as ParkedRow | undefined;
    const key = this.keys.whole('parked');
    if (row === undefined) this.batch.add(0, 'h', key, position);
    else this.batch.add(0, 'H', key, position, JSON.stringify(row));
    this.batch.touchWhole();
  }

  private term(id: number): void {
    this.batch.add(0, 'H', this.keys.whole('terms'), this.model.termOf(id), id);
  }
}

const memberOf = ([k, position, type, channel, flags]: EntryColumns): Buffer =>
  entryMember({ key: Buffer.from(k), position, type, channel, flags });
