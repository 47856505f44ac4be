import type { Json, JsonObject } from '@threadline/domain/canonical-json';

/** What a template can name: a row, and where it stands. */
export interface Scope {
  readonly row: JsonObject;
  /** The rows of its group, itself the first; itself alone where nothing is grouped. */
  readonly rows: readonly JsonObject[];
  /** The element of the list that `each` names. */
  readonly item?: Json;
  /** From 1: of the element in its list. */
  readonly index: number;
  /** From 1. */
  readonly line: number;
  /** The name of the file, without its folder. */
  readonly file: string;
}

export interface Template {
  /** The columns (or members) that it names. */
  readonly columns: readonly string[];
  /** The value as it came where the template is one name alone, else text; `undefined` where a name has no value. */
  value(scope: Scope): Json | undefined;
}

const OWN_NAMES = /^@(?:item(?:\..+)?|index|line|file|rows)$/;

/** Throws `SyntaxError` with a message for people. */
export function template(text: string): Template {
  const parts: (string | { name: string; optional: boolean })[] = [];
  const columns: string[] = [];
  let last = 0;
  const constant = (until: number): void => {
    const between = text.slice(last, until);
    if (/[{}]/.test(between))
      throw new SyntaxError(`has a brace that does not close in ${JSON.stringify(text)}`);
    if (between !== '') parts.push(between);
  };
  for (const found of text.matchAll(/\{\{|\}\}|\{([^{}]*)\}/g)) {
    constant(found.index);
    last = found.index + found[0].length;
    if (found[1] === undefined) {
      parts.push(found[0].charAt(0));
      continue;
    }
    const optional = found[1].endsWith('?');
    const name = (optional ? found[1].slice(0, -1) : found[1]).trim();
    if (name === '') throw new SyntaxError('has braces without a name');
    if (name.startsWith('@')) {
      if (!OWN_NAMES.test(name))
        throw new SyntaxError(`names {${name}}; there are @item, @index, @line, @file, @rows`);
    } else columns.push(name);
    parts.push({ name, optional });
  }
  constant(text.length);
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object')
    return { columns, value: (scope) => lookUp(only.name, scope) };
  return {
    columns,
    value(scope) {
      let out = '';
      for (const part of parts) {
        const value = typeof part === 'string' ? part : lookUp(part.name, scope);
        if (value === undefined) {
          if (typeof part === 'object' && !part.optional) return undefined;
        } else out += typeof value === 'string' ? value : JSON.stringify(value);
      }
      const trimmed = out.trim();
      return trimmed === '' && parts.length > 0 ? undefined : trimmed;
    },
  };
}

/** Empty text and null are no value. */
function lookUp(name: string, scope: Scope): Json | undefined {
  const value = found(name, scope);
  return value === null || value === '' ? undefined : value;
}

function found(name: string, scope: Scope): Json | undefined {
  if (name === '@item') return scope.item;
  if (name.startsWith('@item.')) return at(scope.item, name.slice('@item.'.length));
  if (name === '@index') return scope.index;
  if (name === '@line') return scope.line;
  if (name === '@file') return scope.file;
  if (name === '@rows') return scope.rows.length;
  return at(scope.row, name);
}

/** The member of that name, dots and all, else along its dots. */
export function at(value: Json | undefined, path: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as JsonObject)[path];
  const dot = path.indexOf('.');
  const head = dot < 0 ? path : path.slice(0, dot);
  if (dot < 0 || !Object.hasOwn(value, head)) return undefined;
  return at((value as JsonObject)[head], path.slice(dot + 1));
}
