import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { ExplainedNaming } from '@threadline/projections/naming';
import { INDEXES, SCHEMA } from './customers-schema.js';
import { explainedNamingOf, NAMING, NEVER_SEEN, type NamingColumns } from './naming-columns.js';
import { Statements } from './statements.js';

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
  kind: string;
  /** The label of its customer. */
  customer?: number;
  /** Its value is blocked by the identity rules. */
  blocked: boolean;
  naming: ExplainedNaming;
  /** Position of the last event that changed something of the party or of its customer. */
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

/** What `never` says of a party: nothing, that its value is blocked, that it fans out. */
export const BLOCKED = 1;
export const FANS_OUT = 2;

const STANDS = 1;
const SEVERAL = 2;

/** The statements by which the model is written. One writer at a time. */
export class CustomersModel {
  readonly database: DatabaseSync;
  private readonly terms = new Map<string, number>();
  private readonly termNames: string[] = [];
  readonly statements: Statements;

  constructor(readonly path: string) {
    this.database = openModel(path, {
      schema: SCHEMA + INDEXES,
      readOnly: false,
      pragmas: 'PRAGMA cache_size = -16000;',
    });
    this.statements = new Statements(this.database);
    this.loadTerms();
  }

  private loadTerms(): void {
    this.terms.clear();
    this.termNames.length = 0;
    for (const [id, term] of this.sql('SELECT id, term FROM terms').all() as unknown as [number, string][]) {
      this.terms.set(term, id);
      this.termNames[id] = term;
    }
  }

  /** Takes the indexes of what is about to be written at once away; `makeIndexes` brings them back. */
  dropIndexes(): void {
    for (const [, name] of INDEXES.matchAll(/CREATE INDEX (\w+)/g)) this.database.exec(`DROP INDEX ${name}`);
  }

  makeIndexes(): void {
    this.database.exec(INDEXES);
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

  private readonly remembered: (() => void)[] = [];

  /** Called after a transaction that was taken back: what is remembered of it did not happen. */
  onRollback(forget: () => void): void {
    this.remembered.push(forget);
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
      for (const forget of this.remembered) forget();
      throw error;
    }
  }

  naming(handle: number): ExplainedNaming | undefined {
    const row = this.sql(`SELECT ${NAMING} FROM parties WHERE handle = ?`).get(handle) as unknown as
      NamingColumns | undefined;
    return row && explainedNamingOf(row);
  }

  /** A new party is a customer of its own, unless it is told whose it is. */
  addParty(handle: number, { kind, blocked, naming, changed, customer = handle }: PartyRow): void {
    const { strength, first, name, shown, named } = naming;
    this.sql('INSERT INTO parties VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      handle,
      customer,
      this.term(kind),
      blocked ? BLOCKED : 0,
      strength,
      Math.min(first, NEVER_SEEN),
      name === null ? null : JSON.stringify(name),
      changed,
      shown?.at ?? null,
      shown?.event ?? null,
      shown?.position ?? null,
      named,
    );
  }

  writeNaming(handle: number, naming: ExplainedNaming, changed: number): void {
    const { strength, first, name, shown, named } = naming;
    this.sql(
      `UPDATE parties SET strength = ?, first = ?, name = ?, changed = ?, shown_at = ?, shown_event = ?,
       shown_position = ?, named = ? WHERE handle = ?`,
    ).run(
      strength,
      Math.min(first, NEVER_SEEN),
      name === null ? null : JSON.stringify(name),
      changed,
      shown?.at ?? null,
      shown?.event ?? null,
      shown?.position ?? null,
      named,
      handle,
    );
  }

  *parties(): Iterable<number> {
    const rows = this.sql('SELECT handle FROM parties').iterate() as unknown as Iterable<[number]>;
    for (const [handle] of rows) yield handle;
  }

  /** Where identity rules were put in force, in order. */
  rulesPositions(): number[] {
    const rows = this.sql('SELECT position FROM rules ORDER BY position').all() as unknown as [number][];
    return rows.map(([position]) => position);
  }

  writeRules(position: number, event: string): void {
    this.sql('INSERT INTO rules VALUES (?, ?)').run(position, event);
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

  /** Undefined where nothing has that name yet. */
  knownTerm(term: string): number | undefined {
    return this.terms.get(term);
  }

  /** The number of a kind, a type or a channel; a new one is given the next. */
  term(term: string): number {
    let id = this.terms.get(term);
    if (id === undefined) {
      id = this.terms.size + 1;
      this.sql('INSERT INTO terms VALUES (?, ?)').run(id, term);
      this.terms.set(term, id);
      this.termNames[id] = term;
    }
    return id;
  }

  termOf(id: number): string {
    return this.termNames[id] ?? '';
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

  /** An event that names a party without standing under it. */
  writeMention(party: number, position: number): void {
    this.sql('INSERT OR IGNORE INTO mentions VALUES (?, ?)').run(party, position);
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
