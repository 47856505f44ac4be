import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/** Numbers remembered, at least; at most twice as many. Parsing one costs 10 µs, and a customer calls more than once. */
const REMEMBERED = 4_096;

let recent = new Map<string, string>();
let older = new Map<string, string>();

/**
 * An identifier as it is stored, compared and hashed: done once, on the way in. Kinds are trimmed and lower-cased, values
 * trimmed and brought to Unicode NFC; e-mail addresses are lower-cased, phone numbers written as E.164 (with `;ext=` of
 * RFC 3966 where there is an extension: a switchboard is not one person). A phone number that cannot be one, or whose
 * country nobody tells, stays as it came. `country` is an ISO 3166 alpha-2 code, in any case; another one counts as none.
 */
export function normaliseIdentifier(
  kind: string,
  value: string,
  country?: string,
): { kind: string; value: string } {
  const namespace = normaliseKind(kind);
  const plain = trimmed(value);
  if (namespace === 'email') return { kind: namespace, value: plain.toLowerCase().normalize('NFC') };
  if (namespace === 'phone')
    return { kind: namespace, value: phoneNumber(plain, country?.trim().toUpperCase() ?? '') };
  return { kind: namespace, value: plain };
}

export const normaliseKind = (kind: string): string => trimmed(trimmed(kind).toLowerCase());

// Trimmed on both sides of NFC: it maps some spaces to others, and the outcome has to be a fixed point.
const trimmed = (text: string): string => text.trim().normalize('NFC').trim();

function phoneNumber(text: string, country: string): string {
  const key = `${country} ${text}`;
  const known = recent.get(key) ?? older.get(key);
  if (known !== undefined) return known;
  const number = parsed(text, country) ?? text;
  if (recent.size >= REMEMBERED) {
    older = recent;
    recent = new Map();
  }
  recent.set(key, number);
  return number;
}

function parsed(text: string, country: string): string | undefined {
  // What nobody could dial is not worth the parse, and would weigh in the memory of numbers.
  if (text.length > 100) return undefined;
  const bare = text.replace(/^tel:/i, '');
  const number = parsePhoneNumberFromString(bare, {
    extract: false,
    ...(isSupportedCountry(country) && { defaultCountry: country satisfies CountryCode }),
  });
  if (number === undefined || !number.isPossible()) return undefined;
  return number.ext === undefined ? number.number : `${number.number};ext=${number.ext}`;
}
