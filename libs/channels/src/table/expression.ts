import { createHash } from 'node:crypto';
import { canonicalJson, type Json, type JsonObject } from '@threadline/domain/canonical-json';
import type { ImportProblem } from '../imported.js';
import { isObject, jsonText } from '../json-text.js';
import { shown, type Complain } from './complain.js';
import { conversion, CONVERSION_OPTIONS, type Conversion } from './conversion.js';
import { add, divide, multiply, parseDecimal, printDecimal, rounded, type Decimal } from './decimal.js';
import { template, type Scope, type Template } from './template.js';

/** A piece of a mapping, ready to be used on rows. */
export interface Expression {
  readonly columns: readonly string[];
  /** `undefined`: there is nothing to say. What cannot be converted is a problem of the event at `path`. */
  value(scope: Scope, path: string, problems: ImportProblem[]): Json | undefined;
}

const NOTHING: Expression = { columns: [], value: () => undefined };

/** Compiles a piece of a mapping; every mistake is named. */
export function expression(json: Json, path: string, complain: Complain): Expression {
  if (typeof json === 'string') {
    const compiled = templateAt(json, path, complain);
    return compiled === undefined
      ? NOTHING
      : { columns: compiled.columns, value: (scope) => compiled.value(scope) };
  }
  if (Array.isArray(json)) {
    const parts = json.map((part, index) => expression(part, `${path}/${index}`, complain));
    return { columns: columnsOf(parts), value: (scope, at, problems) => list(parts, scope, at, problems) };
  }
  if (!isObject(json)) return { columns: [], value: () => json };
  const operator = Object.keys(json).find((name) => name.startsWith('$'));
  return operator === undefined ? structure(json, path, complain) : operation(operator, json, path, complain);
}

/** A template, or a complaint. */
export function templateAt(json: Json | undefined, path: string, complain: Complain): Template | undefined {
  if (typeof json !== 'string') {
    complain(path, json === undefined ? 'is missing' : 'must be text such as "{column}"');
    return undefined;
  }
  try {
    return template(json);
  } catch (error) {
    complain(path, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

const columnsOf = (parts: readonly { readonly columns: readonly string[] }[]): string[] =>
  parts.flatMap(({ columns }) => columns);

function list(
  parts: readonly Expression[],
  scope: Scope,
  path: string,
  problems: ImportProblem[],
): Json | undefined {
  const values = parts.map((part, index) => part.value(scope, `${path}/${index}`, problems));
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : present;
}

function structure(json: JsonObject, path: string, complain: Complain): Expression {
  const members = Object.entries(json).map(
    ([name, value]) => [name, expression(value, `${path}/${name}`, complain)] as const,
  );
  const named = 'kind' in json && 'value' in json;
  return {
    columns: columnsOf(members.map(([, part]) => part)),
    value(scope, at, problems) {
      const entries = members.flatMap(([name, part]) => {
        const value = part.value(scope, `${at}/${name}`, problems);
        return value === undefined ? [] : [[name, value] as const];
      });
      // An identifier without a value is nobody.
      if (named && !entries.some(([name]) => name === 'value')) return undefined;
      return entries.length === 0 ? undefined : Object.fromEntries(entries);
    },
  };
}

/** Which members stand beside each operator. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  $from: CONVERSION_OPTIONS,
  $first: [],
  $sum: ['scale', 'decimal'],
  $multiply: ['scale', 'decimal'],
  $divide: ['scale', 'decimal', 'default'],
  $rows: [],
  $hash: [],
};

function operation(name: string, json: JsonObject, path: string, complain: Complain): Expression {
  const allowed = OPTIONS[name];
  if (allowed === undefined) {
    complain(`${path}/${name}`, `is not known; there are ${Object.keys(OPTIONS).join(', ')}`);
    return NOTHING;
  }
  for (const option of Object.keys(json)) {
    if (option !== name && !allowed.includes(option)) {
      complain(
        `${path}/${option}`,
        `does not go with ${name}${allowed.length > 0 ? `; there are ${allowed.join(', ')}` : ''}`,
      );
    }
  }
  const operand = json[name] as Json;
  const at = `${path}/${name}`;
  if (name === '$from') return from(json, path, complain);
  if (name === '$rows') return overRows(expression(operand, at, complain));
  if (name === '$first') return first(listOf(operand, at, complain));
  if (name === '$hash') return hash(operand, at, complain);
  return arithmetic(name, json, path, complain);
}

function listOf(operand: Json, path: string, complain: Complain): Expression[] {
  if (!Array.isArray(operand) || operand.length === 0) complain(path, 'must be a list, not empty');
  return (Array.isArray(operand) ? operand : []).map((part, index) =>
    expression(part, `${path}/${index}`, complain),
  );
}

function from(json: JsonObject, path: string, complain: Complain): Expression {
  const source = templateAt(json['$from'], `${path}/$from`, complain);
  const convert: Conversion = conversion(json, path, complain);
  const plus = json['plus'] === undefined ? undefined : templateAt(json['plus'], `${path}/plus`, complain);
  if (source === undefined) return NOTHING;
  return {
    columns: [...source.columns, ...(plus?.columns ?? [])],
    value(scope, at, problems) {
      const converted = convert(source.value(scope), plus?.value(scope));
      if ('value' in converted) return converted.value;
      const named = source.columns.length === 0 ? '' : `${source.columns.join(', ')} `;
      problems.push({ path: at, message: `${named}${converted.problem}` });
      return undefined;
    },
  };
}

const overRows = (part: Expression): Expression => ({
  columns: part.columns,
  value(scope, path, problems) {
    const values = scope.rows.map((row, index) =>
      part.value({ ...scope, row }, `${path}/${index}`, problems),
    );
    return values.filter((value) => value !== undefined);
  },
});

const first = (parts: readonly Expression[]): Expression => ({
  columns: columnsOf(parts),
  value(scope, path, problems) {
    const inVain: ImportProblem[] = [];
    for (const part of parts) {
      const value = part.value(scope, path, inVain);
      if (value !== undefined) return value;
    }
    problems.push(...inVain);
    return undefined;
  },
});

/** `"*"`: of the whole row (of all of its rows, where they are grouped). */
function hash(operand: Json, path: string, complain: Complain): Expression {
  const digest = (value: Json): string =>
    createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
  if (operand === '*') return { columns: [], value: ({ rows }) => digest([...rows]) };
  const parts = listOf(operand, path, complain);
  return {
    columns: columnsOf(parts),
    value: (scope, at, problems) => digest(parts.map((part) => part.value(scope, at, problems) ?? null)),
  };
}

function arithmetic(name: string, json: JsonObject, path: string, complain: Complain): Expression {
  const { scale, decimal = '.', default: otherwise } = json;
  if (
    scale !== undefined &&
    (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > 20)
  ) {
    complain(`${path}/scale`, 'must be a number of digits, 0 to 20');
  }
  if (decimal !== '.' && decimal !== ',') complain(`${path}/decimal`, 'must be "." or ","');
  const mark = decimal === ',' ? ',' : '.';
  const digits = typeof scale === 'number' ? scale : undefined;
  const operand = json[name] as Json;
  const operands =
    name === '$sum'
      ? [expression(operand, `${path}/$sum`, complain)]
      : listOf(operand, `${path}/${name}`, complain);
  if (name !== '$sum' && operands.length !== 2) complain(`${path}/${name}`, 'must be a list of two');
  const fallback = otherwise === undefined ? undefined : expression(otherwise, `${path}/default`, complain);

  const read = (
    part: Expression | undefined,
    scope: Scope,
    at: string,
    problems: ImportProblem[],
  ): Decimal | undefined => {
    const value = part?.value(scope, at, problems);
    if (value === undefined) return undefined;
    const parsed = parseDecimal(jsonText(value), mark);
    if (parsed === undefined) problems.push({ path: at, message: `${shown(value)} is not a number` });
    return parsed;
  };
  return {
    columns: columnsOf([...operands, ...(fallback === undefined ? [] : [fallback])]),
    value(scope, at, problems) {
      let result: Decimal | undefined;
      if (name === '$sum') {
        for (const row of scope.rows) {
          const value = read(operands[0], { ...scope, row }, at, problems);
          if (value !== undefined) result = result === undefined ? value : add(result, value);
        }
      } else {
        const a = read(operands[0], scope, at, problems);
        const b = read(operands[1], scope, at, problems);
        if (a !== undefined && b !== undefined) {
          result = name === '$multiply' ? multiply(a, b) : divide(a, b, digits ?? 4);
        }
      }
      result ??= read(fallback, scope, at, problems);
      if (result === undefined) return undefined;
      return printDecimal(digits === undefined ? result : rounded(result, digits));
    },
  };
}
