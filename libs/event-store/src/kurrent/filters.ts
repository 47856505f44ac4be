import type { Filter, RecordedEvent } from '../event-store.js';

/** EventStoreDB's own streams, of metadata, statistics and projections, are none of ours. */
const isSystem = ({ stream }: RecordedEvent): boolean => stream.startsWith('$');

/** Is the event one of ours, and does it pass? */
export const passes = ({ types, prefixes }: Filter, event: RecordedEvent): boolean =>
  !isSystem(event) &&
  (types === undefined || types.includes(event.type)) &&
  (prefixes === undefined || prefixes.some((prefix) => event.stream.startsWith(prefix)));

/** What a server can be asked to skip: it looks at the streams' names or at the types, not at both. */
export type ServerFilter =
  | { readonly on: 'streams'; readonly prefixes: readonly string[] }
  | { readonly on: 'streams' | 'types'; readonly regex: string };

/** Lets through whatever passes, and perhaps more. */
export function serverFilter({ types, prefixes }: Filter): ServerFilter {
  if (types?.length === 0 || prefixes?.length === 0) return { on: 'streams', regex: '^$' };
  if (prefixes !== undefined) return { on: 'streams', prefixes };
  if (types === undefined) return { on: 'streams', regex: '^[^$]' };
  return { on: 'types', regex: `^(?:${types.map(escaped).join('|')})$` };
}

/** Means the same to .NET and to JavaScript in Unicode mode. */
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
