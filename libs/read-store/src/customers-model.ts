import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Naming } from '@threadline/projections/contribution';
import type { PlacedRef } from '@threadline/projections/summary';
import { Statements } from './statements.js';

/**
 * The read model `customers`: parties with their customer, timelines by party, summaries, links. It holds clear
 * fields and references into the log, nothing that was sealed. `mentions` are events that name a party in passing. `customer` is a label, the handle of one of the
 * customer's parties; a merge relabels the smaller side.
 */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE parties (
  handle INTEGER PRIMARY KEY, customer INTEGER NOT NULL, strength INTEGER NOT NULL, first INTEGER NOT NULL,
  name TEXT, changed INTEGER NOT NULL
);
CREATE INDEX parties_by_customer ON parties (customer);
CREATE TABLE summaries (party INTEGER PRIMARY KEY, summary TEXT NOT NULL);
CREATE TABLE timeline (
  party INTEGER NOT NULL, k BLOB NOT NULL, position INTEGER NOT NULL, type INTEGER NOT NULL,
  channel INTEGER NOT NULL, flags INTEGER NOT NULL, PRIMARY KEY (party, k)
) WITHOUT ROWID;
CREATE TABLE mentions (
  party INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (party, position)
) WITHOUT ROWID;
CREATE TABLE terms (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE);
CREATE TABLE links (
  a INTEGER NOT NULL, b INTEGER NOT NULL, strength INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL,
  position INTEGER NOT NULL, PRIMARY KEY (a, b)
) WITHOUT ROWID;
CREATE INDEX links_by_b ON links (b);
CREATE TABLE parked (
  position INTEGER PRIMARY KEY, stream TEXT NOT NULL, event TEXT NOT NULL, type TEXT NOT NULL, reason TEXT,
  parked_at INTEGER NOT NULL
);
CREATE INDEX parked_by_stream ON parked (stream);
`;

/** Opens a model's file; a new one is given the schema. Lost writes are harmless: the model goes back with its checkpoint. */
export function openModel(
  path: string,
  options: { schema: string; readOnly: boolean; pragmas?: string },
): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: options.readOnly, timeout: 10_000 });
  if (!options.readOnly) {
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${options.pragmas ?? ''}`);
    const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as {
      tables: number;
    };
    if (tables === 0) database.exec(`BEGIN; ${options.schema} COMMIT;`);
  }
  return database;
}

export interface PartyRow {
  customer: number;
  naming: Naming;
  changed: number;
}

export interface TimelineRow {
  party: number;
  key: Uint8Array;
  position: number;
  type: string;
  channel: string;
  /** No greater version of it is there. */
  stands: boolean;
  /** Its interaction has further events. */
  several: boolean;
}

const STANDS = 1;
const SEVERAL = 2;

export interface LinkRow {
  a: number;
  b: number;
  strength: number;
  at: number;
  event: string;
  position: number;
}

/** The statements by which the model is written. One writer at a time. */
export class CustomersModel {
  readonly database: DatabaseSync;
  private readonly terms = new Map<string, number>();
  private readonly statements: Statements;

  constructor(readonly path: string) {
    this.database = openModel(path, {
      schema: SCHEMA,
      readOnly: false,
      pragmas: 'PRAGMA cache_size = -16000;',
    });
    this.statements = new Statements(this.database);
    this.loadTerms();
  }

  private loadTerms(): void {
    this.terms.clear();
    for (const [id, term] of this.sql('SELECT id, term FROM terms').all() as unknown as [number, string][]) {
      this.terms.set(term, id);
    }
  }

  private sql(text: string): StatementSync {
    return this.statements.sql(text);
  }

  get checkpoint(): number {
    return this.statements.checkpoint;
  }

  set checkpoint(position: number) {
    this.statements.checkpoint = position;
  }

  /** All or nothing. */
  transaction(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      this.loadTerms();
      throw error;
    }
  }

  party(handle: number): PartyRow | undefined {
    const row = this.sql('SELECT customer, strength, first, name, changed FROM parties WHERE handle = ?').get(
      handle,
    ) as unknown as [number, number, number, string | null, number] | undefined;
    if (row === undefined) return undefined;
    const [customer, strength, first, name, changed] = row;
    return {
      customer,
      naming: { strength, first, name: name === null ? null : (JSON.parse(name) as PlacedRef) },
      changed,
    };
  }

  /** Writes how a party is named; a new party is a customer of its own. */
  writeParty(handle: number, { customer, naming: { strength, first, name }, changed }: PartyRow): void {
    this.sql(
      `INSERT INTO parties VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (handle) DO UPDATE SET
       strength = excluded.strength, first = excluded.first, name = excluded.name, changed = excluded.changed`,
    ).run(handle, customer, strength, first, name === null ? null : JSON.stringify(name), changed);
  }

  summary(party: number): string | undefined {
    return (
      this.sql('SELECT summary FROM summaries WHERE party = ?').get(party) as unknown as [string] | undefined
    )?.[0];
  }

  writeSummary(party: number, summary: string | undefined): void {
    if (summary === undefined) this.sql('DELETE FROM summaries WHERE party = ?').run(party);
    else this.sql('INSERT OR REPLACE INTO summaries VALUES (?, ?)').run(party, summary);
  }

  private term(term: string): number {
    let id = this.terms.get(term);
    if (id === undefined) {
      id = this.terms.size + 1;
      this.sql('INSERT INTO terms VALUES (?, ?)').run(id, term);
      this.terms.set(term, id);
    }
    return id;
  }

  writeEntry({ party, key, position, type, channel, stands, several }: TimelineRow): void {
    this.sql('INSERT OR REPLACE INTO timeline VALUES (?, ?, ?, ?, ?, ?)').run(
      party,
      key,
      position,
      this.term(type),
      this.term(channel),
      (stands ? STANDS : 0) | (several ? SEVERAL : 0),
    );
  }

  removeEntry(party: number, key: Uint8Array): void {
    this.sql('DELETE FROM timeline WHERE party = ? AND k = ?').run(party, key);
  }

  /** What a party's summary is made of. */
  entriesOf(party: number): { position: number; stands: boolean }[] {
    const rows = this.sql('SELECT position, flags FROM timeline WHERE party = ?').all(party) as unknown as [
      number,
      number,
    ][];
    return rows.map(([position, flags]) => ({ position, stands: (flags & STANDS) !== 0 }));
  }

  /** An event that names a party without standing under it or linking it: it says only how the party was named. */
  writeMention(party: number, position: number): void {
    this.sql('INSERT OR IGNORE INTO mentions VALUES (?, ?)').run(party, position);
  }

  /** Keeps the link if it is stronger, older or of a lesser event than what joins the pair already. */
  writeLink({ a, b, strength, at, event, position }: LinkRow): void {
    this.sql(
      `INSERT INTO links VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (a, b) DO UPDATE SET
       strength = excluded.strength, at = excluded.at, event = excluded.event, position = excluded.position
       WHERE (excluded.strength, excluded.at, excluded.event) < (strength, at, event)`,
    ).run(a, b, strength, at, event, position);
  }

  customerOf(handle: number): number | undefined {
    return (
      this.sql('SELECT customer FROM parties WHERE handle = ?').get(handle) as unknown as [number] | undefined
    )?.[0];
  }

  /** Brings two customers together by giving the smaller one's parties the label of the other. */
  join(one: number, other: number, position: number): void {
    if (one === other) return;
    const size = (customer: number): number =>
      (this.sql('SELECT count(*) FROM parties WHERE customer = ?').get(customer) as unknown as [number])[0];
    const [from, to] = size(one) <= size(other) ? [one, other] : [other, one];
    this.sql('UPDATE parties SET customer = ?, changed = ? WHERE customer = ?').run(to, position, from);
    // The other side's card changed as well: one of its parties says so.
    this.sql('UPDATE parties SET changed = ? WHERE handle = ?').run(position, to);
  }

  isParked(stream: string): boolean {
    return this.sql('SELECT 1 FROM parked WHERE stream = ? LIMIT 1').get(stream) !== undefined;
  }

  park(row: {
    position: number;
    stream: string;
    event: string;
    type: string;
    reason: string | null;
    at: number;
  }): void {
    this.sql('INSERT OR REPLACE INTO parked VALUES (?, ?, ?, ?, ?, ?)').run(
      row.position,
      row.stream,
      row.event,
      row.type,
      row.reason,
      row.at,
    );
  }

  unpark(stream: string): void {
    this.sql('DELETE FROM parked WHERE stream = ?').run(stream);
  }

  parkedPositions(stream: string): number[] {
    const rows = this.sql('SELECT position FROM parked WHERE stream = ? ORDER BY position').all(
      stream,
    ) as unknown as [number][];
    return rows.map(([position]) => position);
  }

  anyParked(): boolean {
    return this.sql('SELECT 1 FROM parked LIMIT 1').get() !== undefined;
  }

  parkedInteractions(): number {
    return (this.sql('SELECT count(DISTINCT stream) FROM parked').get() as unknown as [number])[0];
  }

  close(): void {
    this.database.close();
  }
}
