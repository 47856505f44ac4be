import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { Filter, Position, RecordedEvent } from '../event-store.js';
import type { LogTable } from './log-table.js';
import { BULK_PREFIX } from './schema.js';

/** Events that one look at the log passes at most, about, so that a filter that lets nothing through never blocks for long. */
const WINDOW = 4096;

/** Bytes of events that one look takes at most, about. */
const PAGE_BYTES = 2 * 1024 * 1024;
const MOST_EVENTS = 512;

/** Some of the log: the events that passed the filter, and how far it has been looked at. */
export interface Page {
  readonly events: readonly RecordedEvent[];
  /** Everything up to here is in `events` or was skipped by the filter. */
  readonly through: Position;
}

/** Looks at the log after a position, up to another one, for at most so many events. */
type Look = (after: Position, upTo: Position, limit: number) => Page;

/** Walks the log in pages of bounded size, by the cheapest way that the filter allows. */
export class FilteredScan {
  readonly #log: LogTable;
  readonly #look: Look;
  readonly #gap: number;
  /** Grows and shrinks with the size of the events: read-ahead is bounded in bytes. */
  #pageSize = 32;

  /** `gap`: from one event of the log to the next, in positions, about. */
  constructor(log: LogTable, filter: Filter, gap: number) {
    this.#log = log;
    this.#gap = gap;
    this.#look = this.#plan(filter);
  }

  /** After `after`, up to `upTo` (at least one position on), at most `limit` events. */
  next(after: Position, upTo: Position, limit = Infinity): Page {
    const page = this.#look(after, upTo, Math.min(limit, this.#pageSize));
    let bytes = 0;
    for (const { data, metadata } of page.events) bytes += data.length + (metadata?.length ?? 0) + 100;
    if (bytes > 0) {
      const fitting = Math.floor((PAGE_BYTES * page.events.length) / bytes);
      this.#pageSize = Math.max(4, Math.min(MOST_EVENTS, fitting, this.#pageSize * 2));
    }
    return page;
  }

  #plan({ types, prefixes }: Filter): Look {
    if (types === undefined && prefixes === undefined) return this.#all;
    if (prefixes !== undefined && !prefixes.some(mayBeBulk)) return this.#others(prefixes, types);
    return this.#windows(prefixes, types);
  }

  readonly #all: Look = (after, upTo, limit) => {
    const read = this.#log.after(after, limit);
    const events =
      (read.at(-1)?.position ?? 0) > upTo ? read.filter(({ position }) => position <= upTo) : read;
    return { events, through: read.length < limit ? upTo : (events.at(-1)?.position ?? upTo) };
  };

  /** Everything but the bulk is found by the partial index of categories. */
  #others(prefixes: readonly string[], types: readonly string[] | undefined): Look {
    const wanted = types === undefined ? undefined : new Set(types);
    const exact = new Set<string>();
    const open: string[] = [];
    for (const prefix of prefixes) {
      const dash = prefix.indexOf('-');
      if (dash < 0) open.push(prefix);
      else exact.add(prefix.slice(0, dash));
    }
    return (after, upTo, limit) => {
      const categories = new Set(exact);
      if (open.length > 0) {
        for (const category of this.#log.categories()) {
          if (open.some((prefix) => category.startsWith(prefix))) categories.add(category);
        }
      }
      const positions: Position[] = [];
      for (const category of categories) {
        positions.push(...this.#log.positionsInCategory(category, after, upTo, limit));
      }
      positions.sort((a, b) => a - b);
      const through = positions.length < limit ? upTo : (positions[limit - 1] as Position);
      const events: RecordedEvent[] = [];
      for (const position of positions.slice(0, limit)) {
        const event = this.#log.at(position);
        if (event === undefined || (wanted !== undefined && !wanted.has(event.type))) continue;
        if (prefixes.some((prefix) => event.stream.startsWith(prefix))) events.push(event);
      }
      return { events, through };
    };
  }

  /** SQLite skips what does not pass without reading its data. */
  #windows(prefixes: readonly string[] | undefined, types: readonly string[] | undefined): Look {
    const conditions: string[] = [];
    const values: SQLInputValue[] = [];
    if (types !== undefined) {
      conditions.push(`type IN (${types.map(() => '?').join(', ')})`);
      values.push(...types);
    }
    if (prefixes !== undefined) {
      conditions.push(`(${prefixes.map(() => 'instr(stream, ?) = 1').join(' OR ') || 'FALSE'})`);
      values.push(...prefixes);
    }
    const statement: StatementSync = this.#log.prepareEvents(
      `position > ? AND position <= ? AND ${conditions.join(' AND ')} ORDER BY position LIMIT ?`,
    );
    return (after, upTo, limit) => {
      const end = Math.min(after + WINDOW * this.#gap, upTo);
      const rows = this.#log.rows(statement, after, end, ...values, limit);
      const events = rows.map((row) => this.#log.event(row));
      return { events, through: rows.length < limit ? end : (events.at(-1)?.position ?? end) };
    };
  }
}

/** Could a stream of the bulk's category begin with it? */
const mayBeBulk = (prefix: string): boolean =>
  prefix.startsWith(BULK_PREFIX) || BULK_PREFIX.startsWith(prefix);
