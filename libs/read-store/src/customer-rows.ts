import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { combineNamings, type Naming } from '@threadline/projections/contribution';
import { combine, emptySummary, type PlacedRef, type Summary } from '@threadline/projections/summary';
import { summaryFromJson } from '@threadline/projections/summary-json';
import { Statements } from './statements.js';

export interface KnownParty {
  readonly handle: number;
  readonly naming: Naming;
}

export interface EntryRow {
  readonly party: number;
  readonly key: Uint8Array;
  readonly position: number;
}

/** A part of a timeline: keys in `[from, to)`, what is filtered, which way, how many. */
export interface EntryRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly type?: string;
  readonly channel?: string;
}

/** Of customers with more parties than this a combined summary is kept. */
const FEW_PARTIES = 32;
const KEPT = 64;

/** The statements by which the read model `customers` is read. */
export class CustomerRows {
  private readonly statements: Statements;
  private readonly combined = new Map<number, { stamp: string; summary: Summary }>();

  constructor(readonly database: DatabaseSync) {
    this.statements = new Statements(database);
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

  /** The label of the party's customer. */
  customerOf(handle: number): number | undefined {
    return this.one<[number]>('SELECT customer FROM parties WHERE handle = ?', handle)?.[0];
  }

  parties(customer: number): KnownParty[] {
    return this.all<[number, number, number, string | null]>(
      'SELECT handle, strength, first, name FROM parties WHERE customer = ?',
      customer,
    ).map(([handle, strength, first, name]) => ({
      handle,
      naming: { strength, first, name: name === null ? null : (JSON.parse(name) as PlacedRef) },
    }));
  }

  /** What the customer's interactions add up to. Not to be changed. */
  summary(customer: number, parties: readonly KnownParty[]): Summary {
    if (parties.length <= FEW_PARTIES) return this.combine(customer);
    const [changed] = this.one<[number]>('SELECT max(changed) FROM parties WHERE customer = ?', customer) ?? [
      0,
    ];
    const stamp = `${parties.length}/${changed}`;
    const known = this.combined.get(customer);
    if (known?.stamp === stamp) return known.summary;
    const summary = this.combine(customer);
    if (this.combined.size >= KEPT) this.combined.clear();
    this.combined.set(customer, { stamp, summary });
    return summary;
  }

  private combine(customer: number): Summary {
    const rows = this.all<[string]>(
      'SELECT s.summary FROM parties p JOIN summaries s ON s.party = p.handle WHERE p.customer = ?',
      customer,
    );
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) return summaryFromJson(only[0]);
    return rows.reduce((sum, [json]) => combine(sum, summaryFromJson(json)), emptySummary());
  }

  /** How many events stand under each of these parties. */
  events(party: number): number {
    return this.one<[number]>('SELECT count(*) FROM timeline WHERE party = ?', party)?.[0] ?? 0;
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

  private where({ type, channel }: EntryRange): { sql: string; values: string[] } {
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
  positions(party: number, to: Uint8Array): { position: number; several: boolean }[] {
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

  /** The links of a party to parties with a greater handle. */
  links(party: number): { a: number; b: number; strength: number; at: number; event: string }[] {
    return this.all<[number, number, number, number, string]>(
      'SELECT a, b, strength, at, event FROM links WHERE a = ?',
      party,
    ).map(([a, b, strength, at, event]) => ({ a, b, strength, at, event }));
  }

  parked(): {
    position: number;
    stream: string;
    event: string;
    type: string;
    reason: string | null;
    at: number;
  }[] {
    return this.all<[number, string, string, string, string | null, number]>(
      'SELECT position, stream, event, type, reason, parked_at FROM parked ORDER BY position',
    ).map(([position, stream, event, type, reason, at]) => ({ position, stream, event, type, reason, at }));
  }

  /** How many rows a table has. */
  count(table: 'parties' | 'timeline' | 'links'): number {
    return this.one<[number]>(`SELECT count(*) FROM ${table}`)?.[0] ?? 0;
  }

  /** How many customers there are. */
  customers(): number {
    return this.one<[number]>('SELECT count(DISTINCT customer) FROM parties')?.[0] ?? 0;
  }

  isParked(position: number): boolean {
    return this.one('SELECT 1 FROM parked WHERE position = ?', position) !== undefined;
  }
}

/** The latest name that came with any of these parties. */
export const nameOf = (parties: readonly KnownParty[]): PlacedRef | null =>
  parties.reduce<Naming | null>(
    (sum, { naming }) => (sum === null ? naming : combineNamings(sum, naming)),
    null,
  )?.name ?? null;
