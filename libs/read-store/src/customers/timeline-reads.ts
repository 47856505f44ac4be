import { isEntryKey, readCursor, writeCursor } from './cursor.js';
import type { TimelinePage, TimelineQuery } from './customer-reads.js';
import type { EntryRow } from './customer-rows.js';
import { firstKeyAt, GREATEST, LEAST, placeAfter } from './entry-key.js';
import type { OpenedLog } from './opened-log.js';
import type { View } from './view.js';
import { matchExpression, type WordsIndex } from '../search/words-index.js';

/** A query that finds at most so many events is answered from the set of them; one that finds more is asked entry by entry. */
const FEW_MATCHES = 20_000;
const CHUNK = 500;

interface Bounds {
  from: Uint8Array;
  to: Uint8Array;
}

/** Keys in `[from, to)` that the query's times and its cursor leave. */
function boundsOf({ from, to, cursor, order }: TimelineQuery): Bounds {
  const bounds: Bounds = {
    from: from === undefined ? LEAST : firstKeyAt(from),
    to: to === undefined ? GREATEST : firstKeyAt(to + 1),
  };
  return cursor === undefined
    ? bounds
    : beyond(bounds, Buffer.from(readCursor(cursor, isEntryKey), 'hex'), order);
}

/** What is left of the bounds beyond a key, in the direction of reading. */
function beyond(bounds: Bounds, key: Uint8Array, order: 'asc' | 'desc'): Bounds {
  if (order === 'desc') return { from: bounds.from, to: lesser(bounds.to, key) };
  const next = placeAfter(key);
  return { from: Buffer.compare(bounds.from, next) > 0 ? bounds.from : next, to: bounds.to };
}

const lesser = (a: Uint8Array, b: Uint8Array): Uint8Array => (Buffer.compare(a, b) <= 0 ? a : b);

/** Whether an event holds the query's words; undefined where nothing is asked. */
function wordsFilter(words: WordsIndex, q: string | undefined): ((position: number) => boolean) | undefined {
  if (q === undefined || q.trim() === '') return undefined;
  const match = matchExpression(q);
  if (match === undefined) return () => false;
  const found = words.events(match, Number.MAX_SAFE_INTEGER, FEW_MATCHES + 1);
  if (found.length > FEW_MATCHES) return (position) => words.holds(match, position);
  const set = new Set(found);
  return (position) => set.has(position);
}

export async function liveTimeline(
  { rows, words, opened }: View,
  customer: number,
  query: TimelineQuery,
): Promise<TimelinePage> {
  const { order, limit } = query;
  const holds = wordsFilter(words, query.q);
  const filters = {
    ...(query.type === undefined ? {} : { type: query.type }),
    ...(query.channel === undefined ? {} : { channel: query.channel }),
  };
  let bounds = boundsOf(query);
  const found: EntryRow[] = [];
  for (;;) {
    const wanted = holds === undefined ? limit + 1 : CHUNK;
    const chunk = await rows.entries(customer, { ...bounds, ...filters, order, limit: wanted });
    for (const row of chunk)
      if (found.length <= limit && (holds === undefined || holds(row.position))) found.push(row);
    const last = chunk.at(-1);
    if (found.length > limit || chunk.length < wanted || last === undefined) break;
    bounds = beyond(bounds, last.key, order);
  }
  return page(found, limit, opened);
}

export async function pastTimeline(
  { words, opened }: View,
  entries: readonly EntryRow[],
  query: TimelineQuery,
): Promise<TimelinePage> {
  const { order, limit, type, channel } = query;
  const { from, to } = boundsOf(query);
  const holds = wordsFilter(words, query.q);
  const inOrder = order === 'asc' ? entries : [...entries].reverse();
  const within = inOrder.filter(
    ({ key, position }) =>
      Buffer.compare(key, from) >= 0 &&
      Buffer.compare(key, to) < 0 &&
      (holds === undefined || holds(position)),
  );
  if (type === undefined && channel === undefined) return page(within.slice(0, limit + 1), limit, opened);
  const found: EntryRow[] = [];
  for (let at = 0; at < within.length && found.length <= limit; at += CHUNK) {
    const chunk = within.slice(at, at + CHUNK);
    const events = new Map(
      (await opened.logged(chunk.map(({ position }) => position))).map((event) => [event.position, event]),
    );
    found.push(
      ...chunk.filter(({ position }) => {
        const event = events.get(position);
        return (
          (type === undefined || event?.type === type) &&
          (channel === undefined || event?.clear.channel === channel)
        );
      }),
    );
  }
  return page(found.slice(0, limit + 1), limit, opened);
}

/** `found` has one more than the page where there is a next one. */
async function page(found: readonly EntryRow[], limit: number, opened: OpenedLog): Promise<TimelinePage> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return {
    entries: await opened.entries(shown.map(({ position, party }) => ({ position, home: party }))),
    next: found.length > limit && last ? writeCursor(Buffer.from(last.key).toString('hex')) : null,
  };
}
