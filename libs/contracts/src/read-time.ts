import { eventTime } from './event-time.js';

/**
 * Milliseconds since 1970 of an RFC 3339 date-time in a query, undefined where it is none. A blank before the offset is
 * the plus that a form decoder made of it.
 */
export const readTime = (text: string): number | undefined => eventTime(text.replace(/ (\d\d:\d\d)$/, '+$1'));

/** A position as it is written outside: decimal digits. Undefined where it is none. */
export function readPosition(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const position = Number(text);
  return Number.isSafeInteger(position) ? position : undefined;
}
