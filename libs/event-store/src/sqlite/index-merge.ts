import type { DatabaseSync } from 'node:sqlite';
import { CorruptEventError } from '../errors.js';
import type { Position } from '../event-store.js';
import { translate } from './connection.js';
import { removeIndex } from './index-file.js';
import { indexKey } from './index-key.js';
import { LogTable } from './log-table.js';
import { indexFile, logFile, openIndexForWriting, openLogForReading } from './schema.js';

/** Events of one sorted merge: the more, the fewer pages are written twice; 100,000 take 4 MB. */
const CHUNK = 100_000;

export interface MergeRequest {
  readonly folder: string;
  /** Last position that the index shall hold. */
  readonly upTo: Position;
  /** Throw away what is there and begin at the start of the log. */
  readonly rebuild: boolean;
}

/**
 * Brings log-index.db up to a position, from the log alone, in sorted merges. Each is atomic and reads where the index
 * stands inside of its transaction, so it may be cut at any point and even run twice at once.
 */
export function mergeIndex({ folder, upTo, rebuild }: MergeRequest): void {
  if (rebuild) removeIndex(folder);
  const index = openIndexForWriting(folder);
  try {
    const source = openLogForReading(folder);
    try {
      const log = new LogTable(source, logFile(folder));
      while (mergeChunk(index, log, upTo));
    } finally {
      source.close();
    }
  } catch (error) {
    throw translate(error, indexFile(folder));
  } finally {
    index.close();
  }
}

/** False when there was nothing left to merge. */
function mergeChunk(index: DatabaseSync, log: LogTable, upTo: Position): boolean {
  index.exec('BEGIN IMMEDIATE');
  try {
    const from = Number(index.prepare('SELECT position FROM indexed').get()?.['position']);
    const keys = new ChunkKeys(Math.max(0, Math.min(CHUNK, upTo - from)));
    keys.read(log, from);
    if (keys.length > 0) {
      keys.insert(index, from);
      const position = from + keys.length;
      index.prepare('UPDATE indexed SET position = ?, hash = ?').run(position, log.hashAt(position) ?? '');
    }
    index.exec('COMMIT');
    return keys.length > 0;
  } catch (error) {
    if (index.isTransaction) index.exec('ROLLBACK');
    throw error;
  }
}

/** The keys of a run of events, as numbers: a chunk of names as strings would cost ten times the memory. */
class ChunkKeys {
  length = 0;
  readonly #streams: Float64Array;
  readonly #revisions: Float64Array;
  readonly #ids: Float64Array;

  constructor(capacity: number) {
    this.#streams = new Float64Array(capacity);
    this.#revisions = new Float64Array(capacity);
    this.#ids = new Float64Array(capacity);
  }

  read(log: LogTable, from: Position): void {
    while (this.length < this.#streams.length) {
      const names = log.namesAfter(from + this.length, Math.min(512, this.#streams.length - this.length));
      if (names.length === 0) return;
      for (const { position, stream, revision, id } of names) {
        if (position !== from + this.length + 1)
          throw new CorruptEventError(from + this.length + 1, 'is missing');
        this.#streams[this.length] = indexKey(stream);
        this.#revisions[this.length] = revision;
        this.#ids[this.length] = indexKey(id);
        this.length++;
      }
    }
  }

  insert(index: DatabaseSync, from: Position): void {
    const streams = index.prepare('INSERT INTO streams (key, revision, position) VALUES (?, ?, ?)');
    for (const i of this.#order(this.#streams)) {
      streams.run(this.#streams[i] as number, this.#revisions[i] as number, from + i + 1);
    }
    const ids = index.prepare('INSERT INTO ids (key, position) VALUES (?, ?)');
    for (const i of this.#order(this.#ids)) ids.run(this.#ids[i] as number, from + i + 1);
  }

  #order(keys: Float64Array): Uint32Array {
    const order = Uint32Array.from({ length: this.length }, (_, i) => i);
    return order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b);
  }
}
