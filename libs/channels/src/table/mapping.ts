import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { refused, type Imported, type ImportOptions, type ImportProblem } from '../imported.js';
import { isObject, jsonText } from '../json-text.js';
import type { Complain } from './complain.js';
import { expression, templateAt, type Expression } from './expression.js';
import { at, type Scope, type Template } from './template.js';

/** How a CSV file is written. */
export interface CsvShape {
  readonly delimiter: string;
  readonly quote: string;
  /** As `TextDecoder` knows it. */
  readonly encoding: string;
  /** The names of the columns, where the file has no line for them. */
  readonly columns?: readonly string[];
}

/** A mapping file, checked and compiled. */
export interface Mapping {
  readonly csv: CsvShape;
  readonly rules: readonly Rule[];
}

/** What makes one kind of event of a row, of a group of rows, or of each element of a list in it. */
export interface Rule {
  readonly columns: readonly string[];
  /** Columns that stand in the group's key. */
  readonly group?: { readonly by: Template; readonly sorted: boolean };
  /** Does the row make such an event at all? */
  applies(scope: Scope): boolean;
  /** The path of the list, one event an element. */
  readonly each?: string;
  event(item: string, scope: Scope, options: ImportOptions): Imported;
}

/** The mapping file is wrong; every mistake is in `problems`. */
export class MappingError extends Error {
  readonly code = 'bad-mapping';
  readonly retriable = false;
  constructor(readonly problems: readonly ImportProblem[]) {
    super(
      `the mapping is wrong:\n${problems.map(({ path, message }) => `  ${path || '/'} ${message}`).join('\n')}`,
    );
    this.name = 'MappingError';
  }
}

const RULE_MEMBERS = ['when', 'each', 'group', 'type', 'id', 'source', 'subject', 'time', 'data', 'keep'];
const CSV_MEMBERS = ['delimiter', 'quote', 'encoding', 'columns'];

/** Compiles a mapping; `source` is that of the command line, if any. Throws `MappingError`. */
export function compileMapping(json: Json, source?: string): Mapping {
  const problems: ImportProblem[] = [];
  const complain: Complain = (path, message) => {
    problems.push({ path, message });
  };
  if (!isObject(json)) throw new MappingError([{ path: '', message: 'must be a JSON object' }]);
  const { csv, events, ...single } = json;
  const shape = csvShape(csv, complain);
  const rules: Rule[] = [];
  if (events === undefined) rules.push(compileRule(single, '', source, complain));
  else {
    for (const name of Object.keys(single))
      complain(`/${name}`, 'does not stand beside "events": put it into each of them');
    if (!Array.isArray(events) || events.length === 0)
      complain('/events', 'must be a list of rules, not empty');
    for (const [index, rule] of (Array.isArray(events) ? events : []).entries()) {
      if (isObject(rule)) rules.push(compileRule(rule, `/events/${index}`, source, complain));
      else complain(`/events/${index}`, 'must be an object');
    }
  }
  if (problems.length > 0) throw new MappingError(problems);
  return { csv: shape, rules };
}

function csvShape(json: Json | undefined, complain: Complain): CsvShape {
  const given = isObject(json) ? json : {};
  if (json !== undefined && !isObject(json)) complain('/csv', 'must be an object');
  for (const name of Object.keys(given)) {
    if (!CSV_MEMBERS.includes(name))
      complain(`/csv/${name}`, `is not known; there are ${CSV_MEMBERS.join(', ')}`);
  }
  const { delimiter = ',', quote = '"', encoding = 'utf-8', columns } = given;
  for (const [name, value] of Object.entries({ delimiter, quote })) {
    if (typeof value !== 'string' || value.length !== 1) complain(`/csv/${name}`, 'must be one character');
  }
  try {
    new TextDecoder(jsonText(encoding));
  } catch {
    complain('/csv/encoding', `${JSON.stringify(encoding)} is not a known encoding`);
  }
  if (
    columns !== undefined &&
    !(Array.isArray(columns) && columns.every((name) => typeof name === 'string'))
  ) {
    complain('/csv/columns', 'must be a list of names');
  }
  return {
    delimiter: jsonText(delimiter),
    quote: jsonText(quote),
    encoding: jsonText(encoding),
    ...(Array.isArray(columns) ? { columns: columns.map(String) } : {}),
  };
}

function compileRule(json: JsonObject, path: string, source: string | undefined, complain: Complain): Rule {
  for (const name of Object.keys(json)) {
    if (!RULE_MEMBERS.includes(name))
      complain(`${path}/${name}`, `is not known; there are ${RULE_MEMBERS.join(', ')}`);
  }
  const required = (name: string): Expression => {
    if (json[name] === undefined) complain(`${path}/${name}`, 'is missing');
    return expression(json[name] ?? null, `${path}/${name}`, complain);
  };
  const type = required('type');
  const id = required('id');
  const from = source === undefined ? required('source') : expression(source, '', () => undefined);
  const time = timeOf(json['time'], `${path}/time`, complain);
  const { data = {}, when, each, group, keep, subject } = json;
  if (!isObject(data)) complain(`${path}/data`, 'must be an object');
  const body = expression(data, `${path}/data`, complain);
  const about = subject === undefined ? undefined : expression(subject, `${path}/subject`, complain);
  const condition = conditionOf(when, `${path}/when`, complain);
  if (each !== undefined && (typeof each !== 'string' || each === ''))
    complain(`${path}/each`, 'must be the name of a list');
  if (keep !== undefined && (typeof keep !== 'string' || keep === '')) {
    complain(`${path}/keep`, 'must be the name under which the columns that nothing names are kept');
  }
  const grouping = groupOf(group, `${path}/group`, complain);
  if (grouping !== undefined && each !== undefined) complain(`${path}/each`, 'does not go with "group"');
  const parts = [
    type,
    id,
    from,
    body,
    condition,
    ...[time, about, grouping?.by].filter((part) => part !== undefined),
  ];
  const columns = [...new Set(parts.flatMap((part) => part.columns))];
  const named = new Set(columns.flatMap((column) => [column, column.split('.')[0] ?? column]));
  if (typeof each === 'string') named.add(each.split('.')[0] ?? each);

  return {
    columns,
    ...(grouping === undefined ? {} : { group: grouping }),
    ...(typeof each === 'string' ? { each } : {}),
    applies: (scope) => condition.holds(scope),
    event(item, scope, options) {
      const problems: ImportProblem[] = [];
      const text = (name: string, part: Expression): string => {
        const value = part.value(scope, `/${name}`, problems);
        if (value !== undefined) return typeof value === 'string' ? value : JSON.stringify(value);
        const from = part.columns.length === 0 ? '' : ` (of ${part.columns.join(', ')})`;
        if (!problems.some((problem) => problem.path === `/${name}`))
          problems.push({ path: `/${name}`, message: `is empty${from}` });
        return '';
      };
      const made: CloudEventJson = {
        specversion: '1.0',
        id: text('id', id),
        source: text('source', from),
        type: text('type', type),
        datacontenttype: 'application/json',
      };
      if (about !== undefined) made['subject'] = text('subject', about);
      const when = time?.value(scope, '/time', problems);
      if (typeof when === 'string') made.time = when;
      const content = body.value(scope, '/data', problems);
      const kept = typeof keep === 'string' ? keptOf(scope, named) : undefined;
      const country = options.country === undefined ? {} : { country: options.country };
      made.data = {
        ...country,
        ...(isObject(content) ? content : {}),
        ...(kept === undefined ? {} : { [jsonText(keep)]: kept }),
      };
      if (problems.length > 0) {
        return refused(item, problems.map(({ path, message }) => `${path} ${message}`).join('; '), problems);
      }
      return { kind: 'event', item, event: made, notes: [], attachmentBytes: 0 };
    },
  };
}

/** A template alone is read as a time; it must be there, unless the mapping says `"required": false`. */
function timeOf(json: Json | undefined, path: string, complain: Complain): Expression | undefined {
  if (json === undefined) return undefined;
  if (typeof json === 'string')
    return expression({ $from: json, as: 'time', required: true }, path, complain);
  if (!isObject(json)) {
    complain(path, 'must be text such as "{column}", or an object with "$from"');
    return undefined;
  }
  const inner = { required: true, ...json, ...('$from' in json ? { as: json['as'] ?? 'time' } : {}) };
  if (!('$from' in json)) delete (inner as JsonObject)['required'];
  return expression(inner, path, complain);
}

function groupOf(json: Json | undefined, path: string, complain: Complain): Rule['group'] | undefined {
  if (json === undefined) return undefined;
  const given = isObject(json) ? json : { by: json };
  for (const name of Object.keys(given)) {
    if (name !== 'by' && name !== 'sorted') complain(`${path}/${name}`, 'is not known; there are by, sorted');
  }
  const by = templateAt(given['by'], isObject(json) ? `${path}/by` : path, complain);
  const sorted = given['sorted'] ?? false;
  if (typeof sorted !== 'boolean') complain(`${path}/sorted`, 'must be true or false');
  return by === undefined ? undefined : { by, sorted: sorted === true };
}

interface Condition {
  readonly columns: readonly string[];
  holds(scope: Scope): boolean;
}

/** `{"{status}": "paid"}`: all must hold; a list means one of them, null means empty, `{"not": …}` the contrary. */
function conditionOf(json: Json | undefined, path: string, complain: Complain): Condition {
  if (json === undefined) return { columns: [], holds: () => true };
  if (!isObject(json)) {
    complain(path, 'must be an object such as {"{status}": "paid"}');
    return { columns: [], holds: () => true };
  }
  const tests = Object.entries(json).flatMap(([text, wanted]) => {
    const compiled = templateAt(text, `${path}/${text}`, complain);
    if (compiled === undefined) return [];
    const negated = isObject(wanted);
    if (negated && (Object.keys(wanted).length !== 1 || wanted['not'] === undefined)) {
      complain(`${path}/${text}`, 'must be a value, a list of values, or {"not": …}');
    }
    const values = [negated ? (wanted['not'] ?? null) : wanted].flat();
    const matches = (scope: Scope): boolean => {
      const value = compiled.value(scope);
      return values.some((each) =>
        each === null ? value === undefined : value !== undefined && jsonText(value) === jsonText(each),
      );
    };
    return [{ columns: compiled.columns, holds: (scope: Scope) => matches(scope) !== negated }];
  });
  return {
    columns: tests.flatMap(({ columns }) => columns),
    holds: (scope) => tests.every(({ holds }) => holds(scope)),
  };
}

/** The columns that nothing names: one value where all rows of a group agree, else theirs in order. */
function keptOf({ row, rows }: Scope, named: ReadonlySet<string>): JsonObject | undefined {
  const kept = Object.keys(row).flatMap((name): [string, Json][] => {
    if (named.has(name)) return [];
    const values = rows.map((each) => each[name] ?? null);
    const first = values[0] ?? null;
    const same = values.every((value) => JSON.stringify(value) === JSON.stringify(first));
    if (same) return first === null || first === '' ? [] : [[name, first]];
    return [[name, values]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** The elements of the list that `each` names, or one problem. */
export function elementsOf(row: JsonObject, each: string): Json[] | undefined {
  const list = at(row, each);
  return Array.isArray(list) ? list : undefined;
}
