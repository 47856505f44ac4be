import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import type { PersonRecord, StatedName } from '@threadline/projections/look-alikes/record';

/** Records and, apart from them, who they are. */
export interface LabelledSet {
  readonly name: string;
  readonly records: readonly PersonRecord[];
  /** Of each record's id, whose it is. */
  readonly truth: ReadonlyMap<string, string>;
  /** What each column was taken for. */
  readonly columns: Readonly<Record<string, Meaning>>;
}

export type Meaning =
  | 'id'
  | 'truth'
  | 'given'
  | 'family'
  | 'full name'
  | 'birthday'
  | 'birth year'
  | 'birth month'
  | 'birth day'
  | 'address'
  | 'email'
  | 'phone'
  | 'handle'
  | 'number'
  | 'trait'
  | 'not used';

/** The first that a column's name (lower case, words with `_` between them) holds tells what it means. */
const MEANINGS: readonly (readonly [RegExp, Meaning])[] = [
  [/^(cluster(_?id)?|ent(ity)?_?id|true_?id|truth|ground_?truth|person_?id|identity)$/, 'truth'],
  [/^(rec(ord)?_?id|unique_?id|id|row_?id|rid)$/, 'id'],
  [/e_?mail/, 'email'],
  [/phone|mobile|^tel|^cell|fax/, 'phone'],
  [/handle|user_?name|screen_?name|nick|twitter|instagram/, 'handle'],
  [/birth_?place|place_?of_?birth/, 'trait'],
  [/^(by|yob)$|birth_?year|year_?of_?birth/, 'birth year'],
  [/^bm$|birth_?month|month_?of_?birth/, 'birth month'],
  [/^bd$|birth_?day_?of|day_?of_?birth/, 'birth day'],
  [/^dob|birth|^bday/, 'birthday'],
  [
    /soc_?sec|^ssn|passport|national_?(id|insurance)|^nino|licen[cs]e|tax_?(id|no)|medicare|^nhs|loyalty|customer_?(id|no)/,
    'number',
  ],
  [/given|first_?name|forename|^fname|middle|vorname|^gname/, 'given'],
  [/surname|last_?name|family|^lname|^sname|nachname/, 'family'],
  [/name/, 'full name'],
  [
    /street|addr|suburb|city|town|post_?(al_?)?code|zip|state|county|locality|region|house|flat|apartment|village/,
    'address',
  ],
  [/^sex$|gender|occupation|^job|country|language|race|ethnic|nationality|profession/, 'trait'],
];

const FEBRL = /^rec-(\d+)-(?:org|dup-\d+)$/;

function meaningOf(column: string): Meaning {
  const plain = column
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
  return MEANINGS.find(([words]) => words.test(plain))?.[1] ?? 'not used';
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function readTable(path: string): Table {
  const all = parse(readFileSync(path, 'utf8'), {
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    delimiter: [',', ';', '\t'],
  });
  const [columns = [], ...rows] = all;
  return { columns, rows };
}

/** A table as records. `truth` names the column that tells who is who, where its name does not. */
export function labelled(name: string, table: Table, truth?: string): LabelledSet {
  const meanings = table.columns.map((column) => (column === truth ? 'truth' : meaningOf(column)));
  if (truth !== undefined) {
    if (!table.columns.includes(truth)) throw new Error(`${name} has no column '${truth}'`);
    table.columns.forEach((column, at) => {
      if (meanings[at] === 'truth' && column !== truth) meanings[at] = 'not used';
    });
  }
  const idAt = meanings.indexOf('id');
  const truthAt = meanings.indexOf('truth');
  const whose = new Map<string, string>();
  const records = table.rows.map((row, at) => {
    const id = idAt < 0 ? String(at) : (row[idAt] ?? String(at));
    const person = truthAt < 0 ? FEBRL.exec(id)?.[1] : row[truthAt];
    if (person === undefined || person === '') {
      throw new Error(`${name}, row ${at + 1}: nothing tells whose it is; name the column with --truth`);
    }
    if (whose.has(id)) throw new Error(`${name}: the id '${id}' is there twice`);
    whose.set(id, person);
    return recordOf(id, table.columns, meanings, row);
  });
  const columns = Object.fromEntries(table.columns.map((column, at) => [column, meanings[at] as Meaning]));
  return { name, records, truth: whose, columns };
}

function recordOf(
  id: string,
  columns: readonly string[],
  meanings: readonly Meaning[],
  row: readonly string[],
): PersonRecord {
  const of = (wanted: Meaning): string[] =>
    row.filter((value, at) => meanings[at] === wanted && value.trim() !== '');
  const byKind = (wanted: Meaning): Record<string, string[]> => {
    const found: Record<string, string[]> = {};
    row.forEach((value, at) => {
      if (meanings[at] === wanted && value.trim() !== '') (found[columns[at] as string] ??= []).push(value);
    });
    return found;
  };
  const [given, family] = [of('given').join(' '), of('family').join(' ')];
  const names: StatedName[] = given === '' && family === '' ? [] : [{ given, family }];
  const [year] = of('birth year');
  const parts = [year, of('birth month')[0], of('birth day')[0]].filter((part) => part !== undefined);
  const address = of('address').join(' ');
  return {
    id,
    names: [...names, ...of('full name')],
    birthdays: [...of('birthday'), ...(year === undefined ? [] : [parts.join('-')])],
    addresses: address === '' ? [] : [address],
    emails: of('email'),
    phones: of('phone'),
    handles: of('handle'),
    numbers: byKind('number'),
    traits: byKind('trait'),
  };
}
