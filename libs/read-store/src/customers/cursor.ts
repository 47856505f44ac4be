import { InvalidCursorError } from './customer-reads.js';

/** Cursors are opaque to readers: JSON in base64url, checked when it comes back. */
export const writeCursor = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url');

/** @throws InvalidCursorError where `check` does not hold. */
export function readCursor<T>(cursor: string, check: (value: unknown) => value is T): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new InvalidCursorError();
  }
  if (!check(value)) throw new InvalidCursorError();
  return value;
}

/** A place that a sorted list is gone on from: a number and an id. */
export const isPlace = (value: unknown): value is [number, string] =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'string';

/** A place among the reviews: a position, and the two parties of the link. */
export const isReviewPlace = (value: unknown): value is [number, number, number] =>
  Array.isArray(value) && value.length === 3 && value.every((one) => Number.isSafeInteger(one));

const KEY = /^[0-9a-f]{48}$/;

/** The key of the last entry of a page, in hex. */
export const isEntryKey = (value: unknown): value is string => typeof value === 'string' && KEY.test(value);
