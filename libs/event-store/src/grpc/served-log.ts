import type { Append, AppendResult, EventStore, LocalLog } from '../event-store.js';
import type { Caller } from '@threadline/platform/key-directory';
import type { DescribedStreams } from './described-streams.js';

/** The log as the server reads it. */
export type ReadableLog = Pick<EventStore, 'readStream' | 'readAll' | 'subscribe'> &
  Pick<LocalLog, 'at' | 'page' | 'headPosition'>;

/** Where the store runs alone every stream may be written, deleted and tombstoned; in a hub only what is not its own. */
export type Ownership = 'alone' | { readonly ownCategories: readonly string[] };

/** What the server serves, and to whom. */
export interface Served {
  readonly log: ReadableLog;
  /** Through the log's one writer. */
  append(appends: readonly Append[]): Promise<AppendResult[]>;
  /** Whose key it is; `undefined` where it is nobody's. */
  callerOf(key: string): Caller | undefined;
  readonly ownership: Ownership;
  readonly described: DescribedStreams;
  /** Tombstones that are being written, by stream: nothing may be appended behind one. */
  readonly ending: Map<string, Promise<unknown>>;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Aborted when the server stops: whatever still streams ends. */
  readonly stop: AbortSignal;
  /** A fault of our own, not the caller's. */
  readonly unforeseen: (error: unknown) => void;
}

/** The category of a stream, or of the stream that a metadata stream is about. */
function categoryOf(stream: string): string {
  const name = stream.startsWith('$$') ? stream.slice(2) : stream;
  const dash = name.indexOf('-');
  return dash < 0 ? name : name.slice(0, dash);
}

/** Is the stream the hub's own, and thereby never written from outside? */
export const isOwn = (stream: string, ownership: Ownership): boolean =>
  ownership !== 'alone' && ownership.ownCategories.includes(categoryOf(stream));
