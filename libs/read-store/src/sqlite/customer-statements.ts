import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { combine, emptySummary, type Summary } from '@threadline/projections/summary';
import { plainSummaryFromJson, summaryFromJson } from '@threadline/projections/summary-json';
import {
  somebody,
  type EntryPlace,
  type EntryRange,
  type EntryRow,
  type ExplainedParty,
  type KnownParty,
  type ParkedRow,
} from '../customers/customer-rows.js';
import { explainedNamingOf, NAMING, namingOf, type NamingColumns } from './naming-columns.js';
import { IdentityStatements } from './identity-statements.js';
import { Statements } from './statements.js';

/** Of customers with more parties than this a combined summary is kept. */
const FEW_PARTIES = 32;
const KEPT = 64;

/** The statements by which the read model `customers` is read. */
export class CustomerStatements {
  private readonly statements: Statements;
  readonly identity: IdentityStatements;
  private readonly combined = new Map<number, { stamp: string; summary: Summary }>();

  constructor(readonly database: DatabaseSync) {
    this.statements = new Statements(database);
    this.identity = new IdentityStatements(this.statements);
  }

  private sql(text: string): StatementSync {
    return this.statements.sql(text);
  }

  private all<Row>(text: string, ...values: (string | number | Uint8Array)[]): Row[] {
    return this.sql(text).all(...values) as unknown as Row[];
  }

  private one<Row>(text: string, ...values: (string | number | Uint8Array)[]): Row | undefined {
    return this.sql(text).get(...values) as unknown as Row | undefined;
  }

  checkpoint(): number {
    return this.statements.checkpoint;
  }

  /** The label of the party's customer; undefined of nobody's: never met, or named by decisions only and joined by none. */
  customerOf(handle: number): number | undefined {
    const row = this.one<[number, number]>('SELECT customer, first FROM parties WHERE handle = ?', handle);
    if (row === undefined) return undefined;
    const [customer, first] = row;
    const isSomebody = namingOf(0, first, null).first !== Infinity || this.parties(customer).length > 0;
    return isSomebody ? customer : undefined;
  }

  parties(customer: number): KnownParty[] {
    const found = this.all<[number, number, number, string | null]>(
      'SELECT handle, strength, first, name FROM parties WHERE customer = ?',
      customer,
    );
    return somebody(found.map(([handle, ...naming]) => ({ handle, naming: namingOf(...naming) })));
  }

  /** The same with what shows how each is named. */
  explainedParties(customer: number): ExplainedParty[] {
    const found = this.all<[number, ...NamingColumns]>(
      `SELECT handle, ${NAMING} FROM parties WHERE customer = ?`,
      customer,
    );
    return somebody(found.map(([handle, ...naming]) => ({ handle, naming: explainedNamingOf(naming) })));
  }

  /** What the customer's interactions add up to, without what explains it. Not to be changed. */
  summary(customer: number, parties: readonly KnownParty[]): Summary {
    if (parties.length <= FEW_PARTIES) return this.combine(customer, plainSummaryFromJson);
    const [changed] = this.one<[number]>('SELECT max(changed) FROM parties WHERE customer = ?', customer) ?? [
      0,
    ];
    const stamp = `${parties.length}/${changed}`;
    const known = this.combined.get(customer);
    if (known?.stamp === stamp) return known.summary;
    const summary = this.combine(customer, plainSummaryFromJson);
    if (this.combined.size >= KEPT) this.combined.clear();
    this.combined.set(customer, { stamp, summary });
    return summary;
  }

  /** The same with what explains it: computed anew for each who asks. */
  explainedSummary(customer: number): Summary {
    return this.combine(customer, summaryFromJson);
  }

  private combine(customer: number, parse: (json: string) => Summary): Summary {
    const rows = this.all<[string]>(
      'SELECT s.summary FROM parties p JOIN summaries s ON s.party = p.handle WHERE p.customer = ?',
      customer,
    );
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) return parse(only[0]);
    return rows.reduce((sum, [json]) => combine(sum, parse(json)), emptySummary());
  }

  /** How many events stand under each of these parties. */
  events(party: number): number {
    return this.one<[number]>('SELECT count(*) FROM timeline WHERE party = ?', party)?.[0] ?? 0;
  }

  /** How many events stand under a customer's parties. */
  eventsOf(customer: number): number {
    return (
      this.one<[number]>(
        'SELECT count(*) FROM parties p JOIN timeline t ON t.party = p.handle WHERE p.customer = ?',
        customer,
      )?.[0] ?? 0
    );
  }

  /**
   * The first entries of a customer in a range. With few parties each is asked for as many; with many, one statement
   * finds the parties that have the first entries, and only those are asked.
   */
  entries(customer: number, range: EntryRange): EntryRow[] {
    const some = this.all<[number]>(
      'SELECT handle FROM parties WHERE customer = ? LIMIT ?',
      customer,
      FEW_PARTIES + 1,
    );
    const asked =
      some.length <= FEW_PARTIES ? some.map(([handle]) => handle) : this.firstParties(customer, range);
    const found = asked.flatMap((party) => this.entriesOf(party, range));
    found.sort((a, b) => Buffer.compare(a.key, b.key) * (range.order === 'asc' ? 1 : -1));
    return found.slice(0, range.limit);
  }

  private where({ type, channel, standing }: EntryRange): { sql: string; values: string[] } {
    const values: string[] = [];
    let sql = 'k >= ? AND k < ?';
    if (type !== undefined) {
      sql += ' AND type = (SELECT id FROM terms WHERE term = ?)';
      values.push(type);
    }
    if (channel !== undefined) {
      sql += ' AND channel = (SELECT id FROM terms WHERE term = ?)';
      values.push(channel);
    }
    if (standing !== undefined) {
      sql += ` AND flags & 1 AND type IN (SELECT id FROM terms WHERE term IN (${standing.map(() => '?').join()}))`;
      values.push(...standing);
    }
    return { sql, values };
  }

  private entriesOf(party: number, range: EntryRange): EntryRow[] {
    const { sql, values } = this.where(range);
    return this.all<[Uint8Array, number]>(
      `SELECT k, position FROM timeline WHERE party = ? AND ${sql} ORDER BY k ${range.order} LIMIT ?`,
      party,
      range.from,
      range.to,
      ...values,
      range.limit,
    ).map(([key, position]) => ({ party, key, position }));
  }

  private firstParties(customer: number, range: EntryRange): number[] {
    const { sql, values } = this.where(range);
    return this.all<[number]>(
      `SELECT handle FROM (
         SELECT handle, (SELECT k FROM timeline WHERE party = handle AND ${sql} ORDER BY k ${range.order} LIMIT 1) AS head
         FROM parties WHERE customer = ?
       ) WHERE head IS NOT NULL ORDER BY head ${range.order} LIMIT ?`,
      range.from,
      range.to,
      ...values,
      customer,
      range.limit,
    ).map(([handle]) => handle);
  }

  /** Every entry of a party at or before that key: where it lies, and whether its interaction has further events. */
  positions(party: number, to: Uint8Array): EntryPlace[] {
    return this.all<[number, number]>(
      'SELECT position, flags FROM timeline WHERE party = ? AND k < ?',
      party,
      to,
    ).map(([position, flags]) => ({ position, several: (flags & 2) !== 0 }));
  }

  mentions(party: number): number[] {
    return this.all<[number]>('SELECT position FROM mentions WHERE party = ?', party).map(
      ([position]) => position,
    );
  }

  parked(): ParkedRow[] {
    return this.all<[number, string, string, string, string | null, number]>(
      'SELECT position, stream, event, type, reason, parked_at FROM parked ORDER BY position',
    ).map(([position, stream, event, type, reason, at]) => ({ position, stream, event, type, reason, at }));
  }

  /** How many rows a table has; of links those that join, and those that are refused. */
  count(what: 'parties' | 'timeline' | 'links' | 'refused'): number {
    const rows = {
      ...{ parties: 'parties', timeline: 'timeline' },
      links: 'links WHERE counts = 1 AND refusal IS NULL',
      refused: 'links WHERE counts = 1 AND refusal IS NOT NULL',
    };
    return this.one<[number]>(`SELECT count(*) FROM ${rows[what]}`)?.[0] ?? 0;
  }

  /** Of every party: the label of its customer, and when it was first seen, in milliseconds. */
  places(): Map<number, { readonly customer: number; readonly first: number }> {
    const rows = this.all<[number, number, number]>('SELECT handle, customer, first FROM parties');
    return new Map(rows.map(([handle, customer, first]) => [handle, { customer, first }]));
  }

  /** How many customers there are. */
  customers(): number {
    return this.one<[number]>('SELECT count(DISTINCT customer) FROM parties')?.[0] ?? 0;
  }

  isParked(position: number): boolean {
    return this.one('SELECT 1 FROM parked WHERE position = ?', position) !== undefined;
  }
}
