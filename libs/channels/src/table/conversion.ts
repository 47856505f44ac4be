import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { shown, type Complain } from './complain.js';
import { parseDecimal, printDecimal, rounded } from './decimal.js';
import { timeReader, zoneOf } from './table-time.js';

export const CONVERSION_OPTIONS = [
  'as',
  'values',
  'default',
  'required',
  'format',
  'zone',
  'decimal',
  'scale',
  'plus',
  'separator',
];

const KINDS = [
  'text',
  'number',
  'integer',
  'decimal',
  'boolean',
  'time',
  'date',
  'json',
  'list',
  'lower',
  'upper',
] as const;
type Kind = (typeof KINDS)[number];

type Converted = { readonly value: Json | undefined } | { readonly problem: string };

/** A value as it came (and what is to be added to a time, in seconds) as what it is to be. */
export type Conversion = (value: Json | undefined, plus: Json | undefined) => Converted;

const TRUE = /^(?:true|yes|y|1|on|ja|oui|si|是)$/i;
const FALSE = /^(?:false|no|n|0|off|nein|non|否)$/i;

/** Reads the options beside `$from`; every mistake is named. */
export function conversion(json: JsonObject, path: string, complain: Complain): Conversion {
  const {
    as = 'text',
    values,
    default: otherwise,
    required,
    format,
    zone,
    decimal = '.',
    scale,
    separator,
  } = json;
  const kind = KINDS.find((known) => known === as);
  if (kind === undefined) complain(`${path}/as`, `must be one of ${KINDS.join(', ')}`);
  if (values !== undefined && (typeof values !== 'object' || values === null || Array.isArray(values))) {
    complain(`${path}/values`, 'must be an object: what may come, and what it means');
  }
  if (required !== undefined && typeof required !== 'boolean')
    complain(`${path}/required`, 'must be true or false');
  if (decimal !== '.' && decimal !== ',') complain(`${path}/decimal`, 'must be "." or ","');
  if (separator !== undefined && (typeof separator !== 'string' || separator === '')) {
    complain(`${path}/separator`, 'must be text, not empty');
  }
  const timed = kind === 'time' || kind === 'date';
  for (const [name, value] of Object.entries({ format, zone, plus: json['plus'] })) {
    if (value !== undefined && !timed) complain(`${path}/${name}`, 'goes with "as": "time" or "date"');
  }
  const wall = zoneOf(typeof zone === 'string' ? zone : 'UTC');
  if (wall === undefined || (zone !== undefined && typeof zone !== 'string')) {
    complain(`${path}/zone`, 'must be UTC, an offset such as +01:00, or a name such as Europe/Paris');
  }
  const reader = timeReader(typeof format === 'string' ? format : 'iso', wall ?? (() => 0));
  if (reader === undefined || (format !== undefined && typeof format !== 'string')) {
    complain(`${path}/format`, 'must be iso, unix, unix-ms, or a pattern such as DD/MM/YYYY HH:mm');
  }
  const mark = decimal === ',' ? ',' : '.';
  const digits =
    typeof scale === 'number' && Number.isInteger(scale) && scale >= 0 && scale <= 20 ? scale : undefined;
  if (scale !== undefined && digits === undefined)
    complain(`${path}/scale`, 'must be a number of digits, 0 to 20');

  const time = (text: string, plus: Json | undefined): number | undefined => {
    const at = reader?.(text);
    return at === undefined ? undefined : at + Math.round(Number(plus ?? 0) * 1000);
  };
  const convert = (value: Json, plus: Json | undefined): Json | undefined => {
    const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
    return convertAs(kind ?? 'text', text, value, mark, digits, () => time(text, plus), separator);
  };
  return (given, plus) => {
    let value = given;
    if (value !== undefined && values !== undefined) {
      const means = values as JsonObject;
      const key = typeof value === 'string' ? value : JSON.stringify(value);
      if (Object.hasOwn(means, key)) return { value: means[key] ?? undefined };
      if (otherwise !== undefined) return { value: otherwise };
      return { problem: `is ${shown(value)}, which "values" does not have` };
    }
    value ??= otherwise;
    if (value === undefined) return required === true ? { problem: 'is empty' } : { value: undefined };
    const converted = convert(value, plus);
    return converted === undefined
      ? { problem: `is ${shown(value)}: not ${described(kind, format)}` }
      : { value: converted };
  };
}

function convertAs(
  kind: Kind,
  text: string,
  raw: Json,
  mark: '.' | ',',
  digits: number | undefined,
  time: () => number | undefined,
  separator: Json | undefined,
): Json | undefined {
  switch (kind) {
    case 'text':
      return text;
    case 'lower':
      return text.toLowerCase();
    case 'upper':
      return text.toUpperCase();
    case 'boolean':
      return TRUE.test(text) ? true : FALSE.test(text) ? false : undefined;
    case 'number':
    case 'integer':
    case 'decimal': {
      const parsed = parseDecimal(text, mark);
      if (parsed === undefined) return undefined;
      const printed = printDecimal(digits === undefined ? parsed : rounded(parsed, digits));
      if (kind === 'decimal') return printed;
      const number = Number(printed);
      return kind === 'integer' && !Number.isInteger(number) ? undefined : number;
    }
    case 'time':
    case 'date': {
      const at = time();
      if (at === undefined || Number.isNaN(at)) return undefined;
      const iso = new Date(at).toISOString();
      return kind === 'time' ? iso : iso.slice(0, 10);
    }
    case 'list':
      if (Array.isArray(raw)) return raw;
      return text
        .split(typeof separator === 'string' ? separator : ',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    case 'json':
      if (typeof raw !== 'string') return raw;
      try {
        return JSON.parse(text) as Json;
      } catch {
        return undefined;
      }
  }
}

function described(kind: Kind | undefined, format: Json | undefined): string {
  if (kind === 'time' || kind === 'date')
    return `a ${kind} as ${typeof format === 'string' ? format : 'ISO 8601'}`;
  if (kind === 'integer') return 'a whole number';
  if (kind === 'boolean') return 'yes or no';
  if (kind === 'json') return 'JSON';
  return 'a number';
}
