import type { LocalLog, RecordedEvent } from '../event-store.js';
import { isMetaStream, metaStreamOf, type DescribedStreams } from './described-streams.js';
import { invalid } from './refusals.js';

type Pages = Pick<LocalLog, 'page'>;

/** Where a stream's state is looked up. */
export interface StateSource {
  readonly log: Pages;
  readonly described: DescribedStreams;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/** The type of the event that ends a stream for ever. */
export const TOMBSTONE = '$streamDeleted';

/** The type of what is said of a stream in `$$<stream>`. */
export const METADATA = '$metadata';

/** What `$tb` is where a stream was deleted: the greatest revision there can be. Numbers this large lose digits. */
const DELETED_FROM = 2 ** 53;

/** What is said of a deleted stream. As in EventStoreDB nothing that was said before holds any more. */
export const DELETION = Buffer.from('{"$tb":9223372036854775807}');

/**
 * A stream as EventStoreDB sees it, from its events and from what was last said of it in `$$<stream>`. Nothing is ever
 * taken out of the log: a deletion is an event that says so, and reads obey it.
 */
export type StreamState =
  | { readonly status: 'missing'; readonly described: boolean }
  | { readonly status: 'tombstoned' }
  /** Deleted, and may be written again; `last` is its last revision. */
  | { readonly status: 'deleted'; readonly last: number; readonly since: RecordedEvent }
  | {
      readonly status: 'open';
      readonly last: number;
      /** The first revision that may be seen. */
      readonly first: number;
      /** Events recorded before (milliseconds since 1970) are not seen. */
      readonly since: number;
      readonly readers: Readers;
    };

/** `everyone`: any key that may read at all; `admins`: the stream's `$acl` names others, and those are not known here. */
export type Readers = 'everyone' | 'admins';

export const lastOf = (log: Pages, stream: string): RecordedEvent | undefined =>
  log.page(stream, { direction: 'backwards', limit: 1 })[0];

export function streamState({ log, described, clock }: StateSource, stream: string): StreamState {
  const last = lastOf(log, stream);
  if (isMetaStream(stream)) {
    // Of what was said of a stream only the last counts, unless somebody reads all of $all.
    return last === undefined
      ? { status: 'missing', described: false }
      : { ...OPEN, last: last.revision, first: last.revision, readers: readersOf(aclOf(last), '$mr') };
  }
  const said = described.has(stream) ? lastOf(log, metaStreamOf(stream)) : undefined;
  if (last === undefined) return { status: 'missing', described: said !== undefined };
  if (last.type === TOMBSTONE) return { status: 'tombstoned' };
  if (said === undefined) return { ...OPEN, last: last.revision };
  const { maxCount, maxAge, truncateBefore, readers } = streamMetadata(said);
  let first = truncateBefore;
  if (truncateBefore >= DELETED_FROM) {
    if (said.position > last.position) return { status: 'deleted', last: last.revision, since: said };
    first = firstAfter(log, stream, said.position, last.revision);
  }
  return {
    status: 'open',
    last: last.revision,
    first: Math.max(first, last.revision - maxCount + 1),
    since: maxAge === undefined ? 0 : clock() - maxAge * 1000,
    readers,
  };
}

const OPEN = { status: 'open', first: 0, since: 0, readers: 'everyone' } as const;

/** The revision of the first event that came after that position: a stream written again begins there. */
function firstAfter(log: Pages, stream: string, position: number, last: number): number {
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = log.page(stream, { from: middle, limit: 1 });
    if (event !== undefined && event.position > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

interface StreamMetadata {
  readonly maxCount: number;
  /** Seconds. */
  readonly maxAge: number | undefined;
  readonly truncateBefore: number;
  readonly readers: Readers;
}

/** What EventStoreDB cannot read as metadata counts as none. */
function streamMetadata({ data }: RecordedEvent): StreamMetadata {
  const said = jsonObject(data) ?? {};
  return {
    maxCount: positive(said['$maxCount']) ?? Infinity,
    maxAge: positive(said['$maxAge']),
    truncateBefore: positive(said['$tb']) ?? 0,
    readers: readersOf(said['$acl'], '$r'),
  };
}

const aclOf = ({ data }: RecordedEvent): unknown => jsonObject(data)?.['$acl'];

const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined;

/** A user name is whatever the caller wants it to be, so only `$all` lets a key in that is no admin's. */
function readersOf(acl: unknown, right: '$r' | '$mr'): Readers {
  if (typeof acl !== 'object' || acl === null || !(right in acl)) return 'everyone';
  const roles: unknown = (acl as Record<string, unknown>)[right];
  return (Array.isArray(roles) ? roles : [roles]).includes('$all') ? 'everyone' : 'admins';
}

function jsonObject(data: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What is said of a deleted stream that is seen again from this revision on, beside what was said last. */
export const revivalOf = ({ data }: Pick<RecordedEvent, 'data'>, from: number): Buffer =>
  Buffer.from(JSON.stringify({ ...jsonObject(data), $tb: from }));

/** Streams of system events are EventStoreDB's own business; what is said of those is nobody's. */
export function requireStreamName(stream: string): string {
  if (stream === '') throw invalid('The stream has no name.');
  if (stream.startsWith('$$$$')) throw invalid(`'${stream}' would describe a description.`);
  return stream;
}
