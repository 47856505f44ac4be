import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Position } from '../event-store.js';
import type { EventNames, IndexUse } from './log-reads.js';
import type { EventName } from './log-table.js';

/** Finds streams and event ids in a copy of a log, by the indexes that SQLite keeps. */
export class CopyNames implements IndexUse, EventNames {
  readonly #byId: StatementSync;
  readonly #onwards: StatementSync;
  readonly #backwards: StatementSync;

  constructor(db: DatabaseSync) {
    this.#byId = db.prepare(
      'SELECT position, stream, revision, id FROM events WHERE id = ? ORDER BY position',
    );
    this.#onwards = db.prepare(
      'SELECT position FROM events WHERE stream = ? AND revision >= ? ORDER BY revision',
    );
    this.#backwards = db.prepare(
      'SELECT position FROM events WHERE stream = ? AND revision <= ? ORDER BY revision DESC',
    );
  }

  using<T>(work: (names: EventNames) => T): T {
    return work(this);
  }

  find(id: string): EventName[] {
    return this.#byId.all(id) as unknown as EventName[];
  }

  *positions(stream: string, direction: 'forwards' | 'backwards', from: number): Iterable<Position> {
    const statement = direction === 'forwards' ? this.#onwards : this.#backwards;
    for (const { position } of statement.iterate(stream, from)) yield Number(position);
  }
}
