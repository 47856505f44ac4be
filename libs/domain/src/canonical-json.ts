export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** What is written as it stands, between quotes. JSON.stringify costs more than the look for short text. */
const PLAIN = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/;
const SHORT = 64;

const quoted = (text: string): string =>
  text.length < SHORT && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);

/** Member names, quoted, with their colon. Few are ever used; whoever invents thousands pays for each. */
const names = new Map<string, string>();
const NAMES_HELD = 2_000;

function quotedName(name: string): string {
  let text = names.get(name);
  if (text === undefined) {
    text = `${quoted(name)}:`;
    if (names.size < NAMES_HELD) names.set(name, text);
  }
  return text;
}

/** RFC 8785 (JSON Canonicalization Scheme): keys sorted by UTF-16 code units, numbers as ECMAScript prints them. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) {
      if (i > 0) text += ',';
      text += canonicalJson(value[i] as Json);
    }
    return `${text}]`;
  }
  let text = '{';
  for (const key of Object.keys(value).sort()) {
    if (text.length > 1) text += ',';
    text += quotedName(key) + canonicalJson(value[key] as Json);
  }
  return `${text}}`;
}
