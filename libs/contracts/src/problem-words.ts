import type { ErrorObject } from 'ajv';
import { DECIMAL, DOTTED, JSON_MEDIA_TYPE, NOT_BLANK } from './event-schema.js';

/** Longest piece of what came that a message repeats. */
const LONGEST = 40;

const PATTERNS: Readonly<Record<string, string>> = {
  [NOT_BLANK]: 'a string that is not blank',
  [DECIMAL]: 'an exact decimal as a string, such as "129.00"',
  [DOTTED]: 'a type with a dot in its name, such as "email.received"',
  [JSON_MEDIA_TYPE]: 'a JSON media type, such as "application/json"',
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  object: 'an object',
  array: 'an array',
  boolean: 'a boolean',
};

/** What came, in as few words as tell it: strings and numbers themselves (cut), of the rest the JSON type. */
export function inWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return 'something else';
  const shown = value.length > LONGEST ? `${value.slice(0, LONGEST).toWellFormed()}…` : value.toWellFormed();
  return value === '' ? 'an empty string' : JSON.stringify(shown);
}

const either = (words: readonly string[]): string => words.join(' or ');

/** What a schema asks of a value, as the object of "expected". */
function wanted(schema: Record<string, unknown>): string {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return either(schema['enum'].map((value) => JSON.stringify(value)));
  if (typeof schema['pattern'] === 'string')
    return PATTERNS[schema['pattern']] ?? `text like ${schema['pattern']}`;
  if (schema['format'] === 'date-time') return 'a time as RFC 3339 says, such as "2026-03-02T10:15:00Z"';
  if (schema['minLength'] === 1) return 'a string that is not empty';
  const type = schema['type'];
  if (Array.isArray(type)) return either(type.map((name) => TYPES[name as string] ?? String(name)));
  return typeof type === 'string' ? (TYPES[type] ?? type) : 'a value';
}

/** One of ajv's errors (made with `verbose`) as a sentence; undefined where another error says the same. */
export function expectationOf(error: ErrorObject): string | undefined {
  const schema = (error.parentSchema ?? {}) as Record<string, unknown>;
  switch (error.keyword) {
    case 'if':
      return undefined;
    case 'required': {
      const { missingProperty } = error.params as { missingProperty: string };
      const properties = (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>;
      const member = properties[missingProperty];
      if (member !== undefined && 'not' in member)
        return 'expected the consent that a vision detection needs, but nothing came';
      return `expected ${wanted(member ?? {})}, but nothing came`;
    }
    case 'additionalProperties':
    case 'false schema':
      return 'expected no member of this name: what may be told here is fixed';
    case 'minItems': {
      const { limit } = error.params as { limit: number };
      return `expected at least ${limit}, but ${(error.data as unknown[]).length} came`;
    }
    case 'maxLength':
      return `expected at most ${String(schema['maxLength'])} characters in a visit, but ${[...(error.data as string)].length} came`;
    case 'not':
      return `expected the consent that a vision detection needs, but ${inWords(error.data)} came`;
    default:
      return `expected ${wanted(schema)}, but ${inWords(error.data)} came`;
  }
}
