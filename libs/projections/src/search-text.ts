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

/** Scripts that are written without spaces: each character is a word of its own for the index. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;

const ASCII = /^[\x00-\x7f]*$/;

/** Text as the index takes it: compatibility forms folded, a space round every character of an unspaced script. */
export const tokenText = (text: string): string =>
  ASCII.test(text) ? text : text.normalize('NFKC').replace(UNSPACED, ' $& ');

/** Letters, marks and digits stand for words; all else separates them. */
const WORDS = /[\p{L}\p{M}\p{N}]+/gu;

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
