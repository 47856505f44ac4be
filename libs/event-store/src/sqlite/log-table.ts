import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { contentHash } from '../content-hash.js';
import { CorruptEventError } from '../errors.js';
import { START, type NewEvent, type Position, type RecordedEvent } from '../event-store.js';
import { translate } from './connection.js';
import { otherCategory } from './schema.js';

type Row = readonly [
  position: number,
  stream: string,
  revision: number,
  id: string,
  type: string,
  recordedAt: number,
  hash: string,
  data: Uint8Array | string,
  metadata: Uint8Array | null,
];

/** What names an event, without its content. */
export interface EventName {
  readonly position: Position;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
}

type NameRow = readonly [position: number, stream: string, revision: number, id: string];

/** The columns of an event, in the order that `LogTable.event` reads them, with its data in that form. */
const columns = (data: string): string =>
  `position, stream, revision, id, type, recorded_at, hash, ${data}, metadata`;

const encoder = new TextEncoder();

/** An event that was read as text. */
class TextEvent implements RecordedEvent {
  readonly metadata?: Uint8Array;

  constructor(
    readonly position: Position,
    readonly stream: string,
    readonly revision: number,
    readonly id: string,
    readonly type: string,
    readonly recordedAt: number,
    readonly text: string,
    metadata: Uint8Array | null,
  ) {
    if (metadata !== null) this.metadata = metadata;
  }

  get data(): Uint8Array {
    return encoder.encode(this.text);
  }
}

/** The statements on one connection to log.db. Every event that comes out has had its content hash checked. */
export class LogTable {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #dense: boolean;
  readonly #insert: StatementSync;
  readonly #at: StatementSync;
  readonly #after: StatementSync;
  readonly #nameAt: StatementSync;
  readonly #namesAfter: StatementSync;
  readonly #head: StatementSync;
  readonly #recordedAt: StatementSync;
  readonly #hashAt: StatementSync;
  readonly #inCategory: StatementSync;
  readonly #categories: StatementSync;

  /**
   * `dense`: there is an event at every position, so that a gap is a lost row. `texts`: what `after` answers has a `text`,
   * wherever its bytes are one.
   */
  constructor(
    db: DatabaseSync,
    file: string,
    { dense = true, texts = false }: { readonly dense?: boolean; readonly texts?: boolean } = {},
  ) {
    this.#db = db;
    this.#file = file;
    this.#dense = dense;
    this.#insert = this.#prepare(
      `INSERT INTO events (position, stream, revision, id, type, category, recorded_at, hash, data, metadata)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#at = this.prepareEvents('position = ?');
    this.#after = this.#prepare(
      `SELECT ${columns(texts ? 'CAST(data AS TEXT)' : 'data')} FROM events WHERE position > ? ORDER BY position LIMIT ?`,
    );
    this.#nameAt = this.#prepare('SELECT position, stream, revision, id FROM events WHERE position = ?');
    this.#namesAfter = this.#prepare(
      'SELECT position, stream, revision, id FROM events WHERE position > ? ORDER BY position LIMIT ?',
    );
    this.#head = this.#prepare('SELECT max(position) FROM events');
    this.#recordedAt = this.#prepare(
      'SELECT recorded_at FROM events WHERE position <= ? ORDER BY position DESC LIMIT 1',
    );
    this.#hashAt = this.#prepare('SELECT hash FROM events WHERE position = ?');
    this.#inCategory = this.#prepare(
      'SELECT position FROM events WHERE category = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?',
    );
    // Skips from category to category in the partial index: there are a handful of them, whatever they hold.
    this.#categories = this.#prepare(
      `WITH RECURSIVE known(category) AS (
         SELECT min(category) FROM events WHERE category IS NOT NULL
         UNION ALL
         SELECT (SELECT min(category) FROM events WHERE category > known.category) FROM known
         WHERE known.category IS NOT NULL)
       SELECT category FROM known WHERE category IS NOT NULL`,
    );
  }

  /** A statement for `rows`, whose rows are for `event`; `where` is what follows that word. */
  prepareEvents(where: string): StatementSync {
    return this.#prepare(`SELECT ${columns('data')} FROM events WHERE ${where}`);
  }

  /** Answers with arrays, which halves the cost of a row. */
  #prepare(sql: string): StatementSync {
    try {
      const statement = this.#db.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    } catch (error) {
      throw translate(error, this.#file);
    }
  }

  exec(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw translate(error, this.#file);
    }
  }

  /** Every row, with SQLite's errors translated. */
  rows(statement: StatementSync, ...parameters: SQLInputValue[]): readonly (readonly unknown[])[] {
    try {
      return statement.all(...parameters) as unknown as readonly (readonly unknown[])[];
    } catch (error) {
      throw translate(error, this.#file);
    }
  }

  #row(statement: StatementSync, parameter?: SQLInputValue): readonly unknown[] | undefined {
    try {
      const row = parameter === undefined ? statement.get() : statement.get(parameter);
      return row as unknown as readonly unknown[] | undefined;
    } catch (error) {
      throw translate(error, this.#file);
    }
  }

  insert(position: Position, stream: string, revision: number, recordedAt: number, event: NewEvent): void {
    const hash = contentHash(stream, revision, recordedAt, event);
    const { id, type, data, metadata = null } = event;
    const category = otherCategory(stream);
    try {
      this.#insert.run(position, stream, revision, id, type, category, recordedAt, hash, data, metadata);
    } catch (error) {
      throw translate(error, this.#file);
    }
  }

  at(position: Position): RecordedEvent | undefined {
    const row = this.#row(this.#at, position);
    return row === undefined ? undefined : this.event(row);
  }

  /** Where positions are dense, a gap is a lost row, which no content hash can show. */
  after(position: Position, limit: number): RecordedEvent[] {
    const rows = this.rows(this.#after, position, limit);
    if (!this.#dense) return rows.map((row) => this.event(row));
    const events: RecordedEvent[] = [];
    let expected = position;
    for (const row of rows) {
      const event = this.event(row);
      if (event.position !== ++expected) throw new CorruptEventError(expected, 'is missing');
      events.push(event);
    }
    return events;
  }

  /** Throws `CorruptEventError` where the row is not what its hash was made of. */
  event(row: readonly unknown[]): RecordedEvent {
    const [position, stream, revision, id, type, recordedAt, hash, data, metadata] = row as Row;
    if (typeof data === 'string') {
      const event = new TextEvent(position, stream, revision, id, type, recordedAt, data, metadata);
      const { metadata: bytes } = event;
      const content = bytes === undefined ? { id, type, data } : { id, type, data, metadata: bytes };
      if (contentHash(stream, revision, recordedAt, content) === hash) return event;
      // Bytes that are no text came out changed: what they are themselves is looked at.
      const read = this.at(position);
      if (read === undefined) throw new CorruptEventError(position, 'is missing');
      return read;
    }
    const event: RecordedEvent =
      metadata === null
        ? { position, stream, revision, id, type, recordedAt, data }
        : { position, stream, revision, id, type, recordedAt, data, metadata };
    if (contentHash(stream, revision, recordedAt, event) !== hash) {
      throw new CorruptEventError(position, 'does not match its content hash');
    }
    return event;
  }

  nameAt(position: Position): EventName | undefined {
    const row = this.#row(this.#nameAt, position) as NameRow | undefined;
    return row === undefined ? undefined : { position: row[0], stream: row[1], revision: row[2], id: row[3] };
  }

  namesAfter(position: Position, limit: number): EventName[] {
    const rows = this.rows(this.#namesAfter, position, limit) as readonly NameRow[];
    return rows.map(([at, stream, revision, id]) => ({ position: at, stream, revision, id }));
  }

  head(): Position {
    return Number(this.#row(this.#head)?.[0] ?? START);
  }

  /** Milliseconds; when the last event at or before the position was recorded. */
  recordedAt(position: Position): number | undefined {
    const row = this.#row(this.#recordedAt, position);
    return row === undefined ? undefined : Number(row[0]);
  }

  /** The stored content hash, unchecked. */
  hashAt(position: Position): string | undefined {
    const row = this.#row(this.#hashAt, position);
    return row === undefined ? undefined : String(row[0]);
  }

  /** Every category that has events, but the bulk's. */
  categories(): string[] {
    return this.rows(this.#categories).map(([category]) => String(category));
  }

  /** In order; after `after` and up to `upTo`. */
  positionsInCategory(category: string, after: Position, upTo: Position, limit: number): Position[] {
    return this.rows(this.#inCategory, category, after, upTo, limit).map(([position]) => Number(position));
  }
}
