import type { Json, JsonObject } from '@threadline/domain/canonical-json';

/** Members of `data` that hold codes and ids, not words that somebody would look for. */
const CODES: ReadonlySet<string> = new Set([
  'object',
  'sequence',
  'conversation',
  'direction',
  'channel',
  'identifiers',
  'participants',
  'asks',
  'brand',
  'store',
  'country',
]);

/** Members anywhere below that hold none either. */
const INNER_CODES: ReadonlySet<string> = new Set([
  'sha256',
  'mediaType',
  'slot',
  'language',
  'detector',
  'metric',
  'currency',
]);

/** Every word of an event that a search finds it by: texts, order numbers, products, facts, transcripts, unknown fields. */
export function searchText(data: JsonObject): string {
  const found: string[] = [];
  for (const [member, value] of Object.entries(data)) if (!CODES.has(member)) collect(member, value, found);
  return found.join('\n');
}

function collect(member: string, value: Json, found: string[]): void {
  if (typeof value === 'string') {
    if (!INNER_CODES.has(member)) found.push(member === 'html' ? withoutTags(value) : value);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(member, item, found);
  } else if (value !== null && typeof value === 'object') {
    for (const [inner, below] of Object.entries(value)) collect(inner, below, found);
  }
}

const withoutTags = (html: string): string =>
  html.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ');

/**
 * Scripts that are written without spaces, and Hangul, whose particles stick to the word: each character is a word of
 * its own for the index.
 */
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;
/** They choose between a text and an emoji form, and are marks. */
const VARIANT = /^[\ufe00-\ufe0f]$/;
/** SQLite's tokenizer is of Unicode 6.1: it takes a later emoji for a letter of the word before it. */
const BETWEEN = /^[^\p{L}\p{M}\p{N}]$/u;
/** Letters, marks and digits stand for words; all else separates them. */
const WORDS = /[\p{L}\p{M}\p{N}]+/gu;
const ASCII = /^[\x00-\x7f]*$/;

function formOf(character: string): string {
  if (character === 'ß' || character === 'ẞ') return 'ss';
  if (VARIANT.test(character)) return '';
  if (UNSPACED.test(character)) return ` ${character} `;
  return BETWEEN.test(character) ? ' ' : character;
}

/** The form of each character of the basic plane, asked for once: a text is gone through in one pass. */
const forms: (string | undefined)[] = new Array<string | undefined>(0x10000).fill(undefined);

/**
 * Text as the index takes it: compatibility forms folded, the one letter whose capital is two written out, a space round
 * every character of an unspaced script and for all that is no word.
 */
export function tokenText(text: string): string {
  if (ASCII.test(text)) return text;
  const folded = text.normalize('NFKC');
  let tokens = '';
  let from = 0;
  for (let at = 0; at < folded.length; at++) {
    const code = folded.charCodeAt(at);
    const isPair = code >= 0xd800 && code < 0xdc00 && at + 1 < folded.length;
    const character = isPair ? folded.slice(at, at + 2) : (folded[at] as string);
    const form = isPair ? formOf(character) : (forms[code] ??= formOf(character));
    if (form === character) {
      if (isPair) at++;
      continue;
    }
    tokens += folded.slice(from, at) + form;
    if (isPair) at++;
    from = at + 1;
  }
  return tokens + folded.slice(from);
}

/**
 * The phrases of a query: what was written together must stand together (`ana@example.org`, `A-1001`, 大衣), and all
 * phrases must be there. Empty where the query has no letter and no digit.
 */
export function phrases(query: string): string[][] {
  return query
    .normalize('NFKC')
    .split(/\s+/u)
    .map((part) => tokenText(part).match(WORDS) ?? [])
    .filter((words) => words.length > 0)
    .map((words) => [...words]);
}
