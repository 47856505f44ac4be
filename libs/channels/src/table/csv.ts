import { Readable } from 'node:stream';
import { parse, type CsvError, type Info } from 'csv-parse';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { LARGEST_ITEM, refused, type Importer } from '../imported.js';
import type { Mapping } from './mapping.js';
import { rowsToEvents, type TableRow } from './rows-to-events.js';

interface CsvRecord {
  readonly record: string[];
  readonly info: Info;
}

/**
 * Rows of a CSV file (RFC 4180, any delimiter) made events by a mapping. Spaces round a value are left out. A row with
 * too few or too many fields is refused: nobody knows which is missing.
 */
export const importCsv = (mapping: Mapping): Importer =>
  async function* (input, options) {
    const named = new Set(mapping.rules.flatMap(({ columns }) => columns));
    const state = { header: mapping.csv.columns, empty: true };
    yield* rowsToEvents(input.name, rowsOf(input.name, input.bytes, mapping, named, state), mapping, options);
    if (state.empty) yield refused(input.name, 'is empty');
  };

async function* rowsOf(
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  { csv }: Mapping,
  named: ReadonlySet<string>,
  state: { header: readonly string[] | undefined; empty: boolean },
): AsyncGenerator<TableRow> {
  const skipped: CsvError[] = [];
  const parser = parse({
    delimiter: csv.delimiter,
    quote: csv.quote,
    bom: true,
    info: true,
    trim: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: LARGEST_ITEM,
    on_skip: (error) => {
      if (error !== undefined) skipped.push(error);
      return undefined;
    },
  });
  const decoded = Readable.from(textOf(bytes, csv.encoding));
  decoded.on('error', (error) => parser.destroy(error));
  const refuseSkipped = function* (): Generator<TableRow> {
    for (const error of skipped.splice(0)) {
      state.empty = false;
      const line = typeof error['lines'] === 'number' ? error['lines'] : 0;
      yield refused(`${name}:${line}`, `cannot be read as CSV: ${error.message}`);
    }
  };
  let line = state.header === undefined ? 1 : 0;
  for await (const { record, info } of decoded.pipe(parser) as AsyncIterable<CsvRecord>) {
    state.empty = false;
    yield* refuseSkipped();
    if (state.header === undefined) {
      state.header = record;
      const missing = [...named].filter((column) => !record.includes(column));
      if (missing.length > 0) {
        const problems = missing.map((column) => ({ path: column, message: 'is not a column of the file' }));
        yield refused(name, `has no column ${missing.join(', ')} (it has ${record.join(', ')})`, problems);
        return;
      }
      continue;
    }
    // Several lines where a quoted value holds line ends: the last is what the parser knows.
    line = Math.max(line + 1, info.lines);
    const item = `${name}:${line}`;
    if (record.length !== state.header.length) {
      yield refused(item, `has ${record.length} fields, and the file has ${state.header.length} columns`);
      continue;
    }
    const row: JsonObject = {};
    state.header.forEach((column, index) => {
      row[column] = record[index] ?? '';
    });
    yield { item, line, row };
  }
  yield* refuseSkipped();
}

async function* textOf(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}
