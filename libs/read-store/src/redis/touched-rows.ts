import { START, type Position } from '@threadline/event-store/event-store';
import type { CustomersModel } from '../sqlite/customers-model.js';

/** What transactions touched, by the key of the row. */
export interface Touched {
  readonly parties: readonly number[];
  /** Parties that were under a label, and may be no longer. */
  readonly members: readonly (readonly [customer: number, party: number])[];
  readonly summaries: readonly number[];
  readonly entries: readonly (readonly [party: number, key: Uint8Array])[];
  readonly mentions: readonly (readonly [party: number, position: number])[];
  readonly links: readonly (readonly [a: number, b: number, event: string])[];
  readonly relations: readonly (readonly [shared: number, party: number, position: number])[];
  readonly decisions: readonly number[];
  readonly rules: readonly number[];
  readonly parked: readonly number[];
  readonly terms: readonly number[];
}

/** `since`: the checkpoint on top of which a row was touched last. `batches`: the checkpoints that there were. */
const TABLES = `
CREATE TABLE IF NOT EXISTS touched (
  what TEXT NOT NULL, a INTEGER NOT NULL, b NOT NULL, c NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (what, a, b, c)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (since INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS noted (since INTEGER, followed INTEGER NOT NULL);
`;

/** Of each table: the columns that others are told of, and the key that is noted. */
const WATCHED: readonly (readonly [table: string, of: string, values: string])[] = [
  [
    'parties',
    ' OF customer, kind, strength, first, name, changed, shown_event, named',
    "'party', ROW.handle, 0, 0",
  ],
  ['summaries', '', "'summary', ROW.party, 0, 0"],
  ['timeline', '', "'entry', ROW.party, ROW.k, 0"],
  ['mentions', '', "'mention', ROW.party, ROW.position, 0"],
  ['links', '', "'link', ROW.a, ROW.b, ROW.event"],
  ['relations', '', "'relation', ROW.shared, ROW.party, ROW.position"],
  ['decisions', '', "'decision', ROW.position, 0, 0"],
  ['rules', '', "'rules', ROW.position, 0, 0"],
  ['parked', '', "'parked', ROW.position, 0, 0"],
  ['terms', '', "'term', ROW.id, 0, 0"],
];

const CHECKPOINT = `IFNULL((SELECT value FROM meta WHERE key = 'checkpoint'), ${START})`;
const noting = (values: string): string =>
  `INSERT INTO touched VALUES (${values}, ${CHECKPOINT}) ON CONFLICT DO UPDATE SET since = excluded.since
   WHERE since < excluded.since;`;

function triggers(): string {
  const note = (name: string, event: string, table: string, values: string, row: string): string =>
    `CREATE TEMP TRIGGER IF NOT EXISTS ${name} AFTER ${event} ON main.${table}
     BEGIN ${noting(values.replaceAll('ROW', row))} END;`;
  return [
    ...WATCHED.flatMap(([table, of, values]) => [
      note(`${table}_added`, 'INSERT', table, values, 'new'),
      note(`${table}_changed`, `UPDATE${of}`, table, values, 'new'),
      note(`${table}_gone`, 'DELETE', table, values, 'old'),
    ]),
    `CREATE TEMP TRIGGER IF NOT EXISTS relabelled AFTER UPDATE OF customer ON main.parties WHEN new.customer != old.customer
     BEGIN ${noting("'member', old.customer, old.handle, 0")} END;`,
    `CREATE TEMP TRIGGER IF NOT EXISTS followed AFTER INSERT ON main.meta WHEN new.key = 'checkpoint'
     BEGIN UPDATE noted SET followed = new.value; INSERT OR IGNORE INTO batches VALUES (new.value); END;`,
  ].join('\n');
}

/**
 * Notes which rows of the working copy change, whatever code changes them, in the same transactions, and on top of which
 * checkpoint: so a copy knows what readers elsewhere do not have yet who have everything up to some position, whoever
 * published that, and also after a kill. To be made before anything is written: the notes of a file that somebody wrote
 * on without them are worth nothing.
 */
export class TouchedRows {
  constructor(readonly model: CustomersModel) {
    const { checkpoint } = model;
    model.database.exec(TABLES + triggers());
    const known = this.one<[number | null, number]>('SELECT since, followed FROM noted');
    if (known?.[1] === checkpoint) return;
    const isNew = known === undefined && checkpoint === START;
    model.transaction(() => this.begin(isNew ? START : null));
  }

  private one<Row>(text: string, ...values: number[]): Row | undefined {
    return this.model.statements.sql(text).get(...values) as unknown as Row | undefined;
  }

  private begin(since: Position | null): void {
    const { checkpoint, statements } = this.model;
    for (const table of ['touched', 'batches', 'noted']) statements.sql(`DELETE FROM ${table}`).run();
    statements.sql('INSERT INTO batches VALUES (?)').run(checkpoint);
    statements.sql('INSERT INTO noted VALUES (?, ?)').run(since, checkpoint);
  }

  /** What was touched after that is noted; undefined where nothing is known: readers must be given the whole. */
  get since(): Position | undefined {
    return this.one<[number | null]>('SELECT since FROM noted')?.[0] ?? undefined;
  }

  isTouched(): boolean {
    return this.one('SELECT 1 FROM touched LIMIT 1') !== undefined;
  }

  touched(): Touched {
    const all = <Row extends readonly unknown[]>(what: string): Row[] =>
      this.model.statements.sql('SELECT a, b, c FROM touched WHERE what = ?').all(what) as unknown as Row[];
    const numbers = (what: string): number[] => all<[number]>(what).map(([one]) => one);
    return {
      parties: numbers('party'),
      members: all('member'),
      summaries: numbers('summary'),
      entries: all('entry'),
      mentions: all('mention'),
      links: all('link'),
      relations: all('relation'),
      decisions: numbers('decision'),
      rules: numbers('rules'),
      parked: numbers('parked'),
      terms: numbers('term'),
    };
  }

  /** To be told to readers, though nothing here has changed. */
  note(what: 'parked' | 'term', key: number): void {
    this.model.statements.sql(noting(`'${what}', ?, 0, 0`)).run(key);
  }

  /** Everything that was touched until now is published. */
  done(): void {
    const { model } = this;
    model.transaction(() => this.begin(model.checkpoint));
  }

  /** Readers have everything up to there, whoever published it: what was touched by then need not be known any more. */
  forget(published: Position): void {
    const [first = null, last = null] =
      this.one<(number | null)[]>('SELECT min(since), max(since) FROM batches WHERE since <= ?', published) ??
      [];
    if (last === null || first === last) return;
    const { model } = this;
    model.transaction(() => {
      for (const table of ['touched', 'batches'])
        model.statements.sql(`DELETE FROM ${table} WHERE since < ?`).run(last);
      model.statements.sql('UPDATE noted SET since = max(since, ?)').run(last);
    });
  }
}
