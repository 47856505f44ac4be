import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DEFAULT_LEAST_SCORE } from '@threadline/projections/look-alikes/look-alikes';
import { labelled, readTable, type LabelledSet, type Table } from './labelled-file.js';
import { FLOOR, measure, pairKey, type LabelledPairs, type Measured } from './measure.js';
import { perturbed } from './perturbed.js';
import { synthetic } from './synthetic.js';

const HELP = `Measures whom Threadline suggests to be one person, on sets where that is known. Pairwise; figures, no verdicts.

  npm run bench:identity -- [options]

  --file <csv>       a set of one's own, instead of the public ones; given twice, both files are one set
  --truth <column>   the column that tells who is who (default: cluster, entity_id, ent_id …, or rec-N-org/rec-N-dup-k ids)
  --pairs <csv>      with --file: labelled pairs (two columns of ids, one that is 0 to 1 or true/false); only they are judged
  --checks           also: the sets with columns dropped, shuffled, emptied and mistyped, and made-up people in six languages
  --people <n>       of how many made-up people each of these sets is (default 1000)
  --min-score <n>    judge at this score instead of the product's own (${DEFAULT_LEAST_SCORE})
  --json <file>      write the figures as JSON as well
  --help             this text

Columns are known by their names: given_name, first_name, surname, full_name, dob, street_number, address_1, suburb, city, postcode,
state, email, phone, soc_sec_id, gender … What each was taken for is printed. The truth is read by what measures, never by what suggests.
`;

const { values } = parseArgs({
  options: {
    file: { type: 'string', multiple: true },
    truth: { type: 'string' },
    pairs: { type: 'string' },
    checks: { type: 'boolean', default: false },
    people: { type: 'string', default: '1000' },
    'min-score': { type: 'string', default: String(DEFAULT_LEAST_SCORE) },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const leastScore = Number(values['min-score']);
const people = Number(values.people);
if (!(leastScore >= 0 && leastScore <= 1) || !Number.isInteger(people) || people < 1) {
  console.error('--min-score takes a number from 0 to 1, --people a whole number');
  process.exit(64);
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
const folder = join(process.env['THREADLINE_REAL_DATA'] ?? resolve(root, '..', 'shared', 'data'), 'people');

function publicSets(): { name: string; table: Table }[] {
  return ['fake_1000.csv', 'dataset1.csv', 'dataset2.csv'].flatMap((name) => {
    const path = join(folder, name);
    if (existsSync(path)) return [{ name, table: readTable(path) }];
    console.error(
      `NOT MEASURED: ${name} is not there (${folder}); THREADLINE_REAL_DATA names the folder of the public data`,
    );
    return [];
  });
}

/** Two files of one set: rows of the second follow, its columns are found by name, its ids are told apart where they have to be. */
function oneTable(paths: readonly string[]): { name: string; table: Table } {
  const [first, ...others] = paths.map(readTable);
  if (first === undefined) throw new Error('no file');
  const rows = [...first.rows];
  for (const other of others) {
    for (const row of other.rows)
      rows.push(first.columns.map((column) => row[other.columns.indexOf(column)] ?? ''));
  }
  return { name: paths.map((path) => basename(path)).join(' + '), table: { columns: first.columns, rows } };
}

/** A column of labels: the last that holds nothing but numbers from 0 to 1 and words for yes and no. */
function readPairs(path: string): LabelledPairs {
  const { columns, rows } = readTable(path);
  const ids = columns.flatMap((column, at) => (/id/i.test(column) ? [at] : []));
  const isLabel = (value: string): boolean =>
    /^(0|1|0?\.\d+|[01]\.0*|true|false|yes|no|match|non-?match)$/i.test(value);
  const label = columns.findLastIndex((_, at) => rows.every((row) => isLabel(row[at] ?? '')));
  const [left, right] = ids;
  if (left === undefined || right === undefined || label < 0) {
    throw new Error(`${path}: needs two columns whose names hold 'id', and one of labels`);
  }
  const isOne = (value: string): boolean => /^(true|yes|match)$/i.test(value) || Number(value) >= 0.5;
  return new Map(rows.map((row) => [pairKey(row[left] ?? '', row[right] ?? ''), isOne(row[label] ?? '')]));
}

const percent = (part: number): string => part.toFixed(4);

function line(measured: Measured): string {
  const { name, records, truePairs, atDefault, best, milliseconds } = measured;
  return [
    name.padEnd(48),
    String(records).padStart(7),
    String(truePairs).padStart(7),
    ...[atDefault.precision, atDefault.recall, atDefault.f1].map((part) => percent(part).padStart(7)),
    percent(best.f1).padStart(9),
    percent(best.recall).padStart(7),
    best.leastScore.toFixed(3).padStart(6),
    `${milliseconds} ms`.padStart(9),
  ].join(' ');
}

const measured: Measured[] = [];
function report(set: LabelledSet, pairs?: LabelledPairs): void {
  const figures = measure(set, leastScore, pairs);
  measured.push(figures);
  console.log(line(figures));
}

console.log(
  `${'set'.padEnd(48)} records   pairs    P       R       F1 ` +
    `(from ${leastScore})  best F1 at P >= ${FLOOR}, its R, from score; time`,
);
try {
  const sets = values.file === undefined ? publicSets() : [oneTable(values.file)];
  const pairs = values.pairs === undefined ? undefined : readPairs(values.pairs);
  for (const { name, table } of sets) {
    const set = labelled(name, table, values.truth);
    if (values.file !== undefined) console.error(`columns: ${JSON.stringify(set.columns)}`);
    report(set, pairs);
    if (values.checks) for (const changed of perturbed(name, table, values.truth)) report(changed, pairs);
  }
  if (values.checks) for (const set of synthetic(people)) report(set);
} catch (error) {
  console.error((error as Error).message);
  process.exit(64);
}
const json = JSON.stringify({ leastScore, measured });
if (values.json === undefined) console.log(`\n${json}`);
else await writeFile(values.json, `${json}\n`);
