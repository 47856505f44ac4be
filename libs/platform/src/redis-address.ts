import { readTlsFiles, TLS_PARAMETERS, type TlsFiles } from './tls-files.js';
import type { Parsed } from './variables.js';

/** Where a Redis is: what its driver takes. */
export interface RedisAddress {
  /** As it was given. */
  readonly given: string;
  /** Without what only we understand. */
  readonly url: string;
  /** Of `rediss://`. */
  readonly tls?: TlsFiles;
}

/** `redis://` or `rediss://` (TLS) `user:password@host:port`; with TLS perhaps `?tlsCAFile=…&userCertFile=…&userKeyFile=…`. */
export function parseRedisAddress(given: string): Parsed<RedisAddress> {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol) || url.host === '')
    return { problems: ['must be a URL that begins with redis:// or rediss://'] };
  const encrypted = url.protocol === 'rediss:';
  const problems: string[] = [];
  const refuse = (problem: string): void => void problems.push(problem);
  if (!encrypted && TLS_PARAMETERS.some((name) => url.searchParams.has(name)))
    refuse(`needs rediss:// for ${TLS_PARAMETERS.join(', ')}`);
  const tls = encrypted ? readTlsFiles(url.searchParams, refuse) : undefined;
  if (problems.length > 0) return { problems };
  if (tls !== undefined) for (const name of TLS_PARAMETERS) url.searchParams.delete(name);
  return { value: { given, url: url.href, ...(tls && { tls }) } };
}

/** The same of one that the configuration has taken already. */
export function redisAddress(given: string): RedisAddress {
  const parsed = parseRedisAddress(given);
  if ('value' in parsed) return parsed.value;
  throw new TypeError(`the address of a Redis ${parsed.problems.join('; ')}`);
}
