import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { joinStated, type StatedPerson } from '@threadline/projections/look-alikes/stated-person';
import type { PartyRecord } from '@threadline/vault/vault';
import { openModel } from '../sqlite/customers-model.js';
import { Statements } from '../sqlite/statements.js';

/**
 * The read model `search`, the only one that holds personal data opened. `words` has a document for each event (rowid =
 * position), `people` one for each party (rowid = handle): its identifier and every name that came with it. Both keep
 * the index alone, not the text; `names` keeps each party's identifier (`id` is its public id) and its names, and `stated` what
 * its profiles said, for who looks like whom.
 */
const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(
  text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE people USING fts5(
  identifier, names, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TABLE names (
  party INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, names TEXT NOT NULL
);
CREATE TABLE stated (party INTEGER PRIMARY KEY, stated TEXT NOT NULL);
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
INSERT INTO people (people, rank) VALUES ('secure-delete', 1);
`;

/** FTS5's own default. */
const GATHERED = 1_048_576;

export const openSearch = (path: string, readOnly: boolean): DatabaseSync =>
  openModel(path, {
    schema: SCHEMA,
    readOnly,
    pragmas: 'PRAGMA secure_delete = ON; PRAGMA cache_size = -16000;',
  });

/** The statements by which the search model is written. One writer at a time. */
export class SearchModel {
  readonly database: DatabaseSync;
  private readonly statements: Statements;

  /** Looking whether it is there already costs as much as the tokens. */
  private readonly insert: string;

  /** `fresh`: nothing is in it yet, and nothing is written twice. */
  constructor(
    readonly path: string,
    fresh = false,
  ) {
    this.insert = fresh ? 'INSERT' : 'INSERT OR REPLACE';
    this.database = openSearch(path, false);
    this.statements = new Statements(this.database);
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

  /** All or nothing; inside a transaction that is open already, a part of it. */
  transaction(work: () => void): void {
    if (this.database.isTransaction) {
      work();
      return;
    }
    this.begin();
    try {
      work();
      this.commit();
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  begin(): void {
    this.database.exec('BEGIN IMMEDIATE');
  }

  commit(): void {
    this.database.exec('COMMIT');
  }

  /** How many bytes FTS5 gathers in memory before it writes a segment. */
  gather(bytes = GATHERED): void {
    // A bound number would be a double, which FTS5 refuses here.
    for (const table of ['words', 'people'])
      this.database.exec(`INSERT INTO ${table} (${table}, rank) VALUES ('hashsize', ${Math.trunc(bytes)})`);
  }

  /** `text` has a space round every character of a script without spaces. */
  addWords(position: number, text: string): void {
    this.sql(`${this.insert} INTO words (rowid, text) VALUES (?, ?)`).run(position, text);
  }

  /** The names known of a party; undefined where the party is not in the index. */
  namesOf(party: number): string[] | undefined {
    const row = this.sql('SELECT names FROM names WHERE party = ?').get(party) as unknown as
      [string] | undefined;
    return row === undefined ? undefined : (JSON.parse(row[0]) as string[]);
  }

  /** `identifier` and `text` as `addWords` takes them. */
  writePerson(
    { handle, party, kind, value }: PartyRecord,
    identifier: string,
    names: readonly string[],
    text: string,
  ): void {
    this.sql(`${this.insert} INTO people (rowid, identifier, names) VALUES (?, ?, ?)`).run(
      handle,
      identifier,
      text,
    );
    this.sql('INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?, ?)').run(
      handle,
      party,
      kind,
      value,
      JSON.stringify(names),
    );
  }

  /** Adds what a profile says of a party. */
  addStated(party: number, stated: StatedPerson): void {
    const row = this.sql('SELECT stated FROM stated WHERE party = ?').get(party) as unknown as
      [string] | undefined;
    const known = row === undefined ? undefined : (JSON.parse(row[0]) as StatedPerson);
    const all = JSON.stringify(known === undefined ? stated : joinStated(known, stated));
    if (all !== row?.[0]) this.sql('INSERT OR REPLACE INTO stated VALUES (?, ?)').run(party, all);
  }

  close(): void {
    this.database.close();
  }
}
