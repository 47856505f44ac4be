import { randomBytes } from 'node:crypto';
import type { CustomersModel } from '../sqlite/customers-model.js';
import { PARTS } from './keys.js';

/** What a transaction touched, by the key of the row. */
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

/** What was published of this file, and up to where. */
export interface Published {
  readonly build: string;
  readonly edition: number;
  readonly parts: readonly number[];
}

const TABLES = `
CREATE TABLE IF NOT EXISTS touched (
  what TEXT NOT NULL, a INTEGER NOT NULL, b NOT NULL, c NOT NULL, PRIMARY KEY (what, a, b, c)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS published (
  build TEXT NOT NULL, edition INTEGER NOT NULL, parts TEXT NOT NULL, followed INTEGER NOT NULL
);
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

function triggers(): string {
  const note = (name: string, event: string, table: string, values: string, row: string): string =>
    `CREATE TEMP TRIGGER IF NOT EXISTS ${name} AFTER ${event} ON main.${table}
     BEGIN INSERT OR IGNORE INTO touched VALUES (${values.replaceAll('ROW', row)}); END;`;
  return [
    ...WATCHED.flatMap(([table, of, values]) => [
      note(`${table}_added`, 'INSERT', table, values, 'new'),
      note(`${table}_changed`, `UPDATE${of}`, table, values, 'new'),
      note(`${table}_gone`, 'DELETE', table, values, 'old'),
    ]),
    `CREATE TEMP TRIGGER IF NOT EXISTS relabelled AFTER UPDATE OF customer ON main.parties WHEN new.customer != old.customer
     BEGIN INSERT OR IGNORE INTO touched VALUES ('member', old.customer, old.handle, 0); END;`,
    `CREATE TEMP TRIGGER IF NOT EXISTS followed AFTER INSERT ON main.meta WHEN new.key = 'checkpoint'
     BEGIN UPDATE published SET followed = new.value; END;`,
  ].join('\n');
}

/**
 * Notes which rows of the working copy change, whatever code changes them, in the same transactions: what was not
 * published yet when a process was killed is there when the next one begins. The notes of a file that somebody wrote on
 * without them are worth nothing: `published` is undefined then.
 */
export class TouchedRows {
  constructor(readonly model: CustomersModel) {
    model.database.exec(TABLES + triggers());
    const row = this.row();
    if (row !== undefined && row.followed !== model.checkpoint) model.database.exec('DELETE FROM published');
  }

  private row(): { build: string; edition: number; parts: string; followed: number } | undefined {
    return this.model.database.prepare('SELECT * FROM published').get() as
      { build: string; edition: number; parts: string; followed: number } | undefined;
  }

  /** What others have of this file; undefined where they have nothing of it, or nothing is known of that. */
  published(): Published | undefined {
    const row = this.row();
    return row && { ...row, parts: row.parts.split(',').map(Number) };
  }

  /** A name for a build that begins now; the token comes first, so that whose it is can be told. */
  static newBuild(token: number): string {
    return `${token}-${randomBytes(5).toString('hex')}`;
  }

  isTouched(): boolean {
    return this.model.database.prepare('SELECT 1 FROM touched LIMIT 1').get() !== undefined;
  }

  touched(): Touched {
    const all = <Row extends readonly unknown[]>(what: string): Row[] => {
      const statement = this.model.database.prepare('SELECT a, b, c FROM touched WHERE what = ?');
      statement.setReturnArrays(true);
      return statement.all(what) as unknown as Row[];
    };
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

  /** Everything that was touched until now is published. */
  done({ build, edition, parts }: Published): void {
    const { model } = this;
    model.transaction(() => {
      model.database.exec('DELETE FROM touched; DELETE FROM published;');
      model.database
        .prepare('INSERT INTO published VALUES (?, ?, ?, ?)')
        .run(build, edition, parts.join(), model.checkpoint);
    });
  }

  static readonly NONE: readonly number[] = new Array<number>(PARTS).fill(0);
}
