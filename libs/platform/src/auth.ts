import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a key may do: `write` events, `read` customers, `act` on identity, `analyse` the log; `admin` all of it. */
export const SCOPES = ['write', 'read', 'act', 'analyse', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export const isScope = (text: unknown): text is Scope => SCOPES.includes(text as Scope);

/** `admin` implies every other scope. */
export const allows = (scopes: readonly Scope[], wanted: Scope): boolean =>
  scopes.includes(wanted) || scopes.includes('admin');

/** A key has at least 24 characters, of those that a URL and a header carry as they are. */
export const isKey = (text: string): boolean => /^[A-Za-z0-9_-]{24,512}$/.test(text);

/** A new key: 32 random bytes, as 43 characters. */
export const newKey = (): string => randomBytes(32).toString('base64url');

/**
 * What is kept of a key: its SHA-256, as 64 hex digits. A slow hash (scrypt, argon2) makes guessing a *password*
 * dear; a key of 256 random bits cannot be guessed at any speed, and this is computed on every request.
 */
export const hashKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/** Equal hashes (hex), in a time that does not tell where they differ. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && left.length > 0 && timingSafeEqual(left, right);
}

/**
 * The key of an `Authorization` header: `Bearer <key>` (RFC 6750), or Basic with the key as user name (RFC 7617, what
 * analytics SDKs send; the password is ignored). `undefined` where there is none that could be ours.
 */
export function keyFromAuthorization(header: string | undefined): string | undefined {
  const match = /^(bearer|basic) +([^\s]+) *$/i.exec(header ?? '');
  if (match === null) return undefined;
  const [, scheme = '', credentials = ''] = match;
  const key =
    scheme.toLowerCase() === 'bearer'
      ? credentials
      : (Buffer.from(credentials, 'base64').toString('utf8').split(':', 1)[0] ?? '');
  return isKey(key) ? key : undefined;
}
