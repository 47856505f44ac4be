import { CATEGORIES } from '@threadline/domain/decision';
import type { EventStore, Filter, Position, RecordedEvent } from '@threadline/event-store/event-store';
import type { EventOpener } from './event-opener.js';
import type { LogQuery } from './plain-queries.js';

/** Events opened at once: a few milliseconds of work between which other requests get their turn. */
const BATCH = 128;
/** Fewer where they are large: stored bytes, about. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Streams that analysts see; whatever else is in the log is the hub's own. */
const PREFIXES = CATEGORIES.map((category) => `${category}-`);

/**
 * The log as text, in its order: a JSON page (`{ events, next }`) or one event a line, in pieces of a batch each, so
 * that the size of a page is never the size of the memory that it takes. Ends at `head` even while the log grows.
 */
export async function* exportLog(
  log: Pick<EventStore, 'readAll'>,
  opener: EventOpener,
  query: LogQuery,
  head: Position,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const filter: Filter = { prefixes: PREFIXES, ...(query.types === undefined ? {} : { types: query.types }) };
  const limit = query.limit ?? Number.POSITIVE_INFINITY;
  // One more than asked for tells whether there is a next page.
  const most = query.limit === undefined ? {} : { limit: query.limit + (query.lines ? 0 : 1) };
  const events = log.readAll({ after: query.after, ...filter, ...most, signal });
  let last = query.after;
  let given = 0;
  let more = false;
  if (!query.lines) yield '{"events":[';
  for await (const batch of batchesOf(events, head)) {
    const kept = batch.slice(0, limit - given);
    more ||= kept.length < batch.length;
    if (kept.length > 0) {
      const texts = (await opener.cloudEvents(kept)).map((event) => JSON.stringify(event));
      yield query.lines ? `${texts.join('\n')}\n` : `${given === 0 ? '' : ','}${texts.join(',')}`;
      given += kept.length;
      last = kept.at(-1)?.position ?? last;
    }
  }
  if (!query.lines) yield `],"next":${more ? `"${last}"` : 'null'}}`;
}

async function* batchesOf(
  events: AsyncIterable<RecordedEvent>,
  head: Position,
): AsyncGenerator<RecordedEvent[]> {
  let batch: RecordedEvent[] = [];
  let bytes = 0;
  for await (const event of events) {
    if (event.position > head) break;
    batch.push(event);
    bytes += event.data.length;
    if (batch.length === BATCH || bytes >= BATCH_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  if (batch.length > 0) yield batch;
}
