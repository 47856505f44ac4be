import type { Metadata } from '@grpc/grpc-js';
import { allows, isKey, type Scope } from '@threadline/platform/auth';
import type { Caller } from '@threadline/platform/key-directory';
import { accessDenied, notAuthenticated } from './refusals.js';
import type { Served } from './served-log.js';

/** The key of a call: `Bearer <key>`, or Basic with any user name and the key as password. */
function keyOf(metadata: Metadata): string | undefined {
  const [header = ''] = metadata.get('authorization').map(String);
  const match = /^(bearer|basic) +([^\s]+) *$/i.exec(header);
  if (match === null) return undefined;
  const [, scheme = '', credentials = ''] = match;
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  const key = scheme.toLowerCase() === 'bearer' ? credentials : text.slice(text.indexOf(':') + 1);
  return isKey(key) ? key : undefined;
}

/** Whoever calls; throws `NotAuthenticated` or `AccessDenied` as EventStoreDB does. */
export function requireScope(served: Served, metadata: Metadata, scope: Scope): Caller {
  const key = keyOf(metadata);
  const caller = key === undefined ? undefined : served.callerOf(key);
  if (caller === undefined) throw notAuthenticated();
  if (!allows(caller.scopes, scope)) throw accessDenied(`This needs a key with the scope '${scope}'.`);
  return caller;
}
