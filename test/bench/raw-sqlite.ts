import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

const BATCH = 1_000;

/** The raw limit of writing: `node:sqlite`, FULL, batches of 1,000, two unique indexes. Events a second. */
export function rawAppend(folder: string, events: number, data: Uint8Array): number {
  const database = new DatabaseSync(join(folder, 'raw.db'));
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events (position INTEGER PRIMARY KEY, id BLOB UNIQUE, stream BLOB, revision INTEGER, type TEXT,
      data BLOB, UNIQUE (stream, revision));`);
  const insert = database.prepare(
    'INSERT INTO events (id, stream, revision, type, data) VALUES (?, ?, 0, ?, ?)',
  );
  const ids = randomBytes(32 * events);
  const started = performance.now();
  for (let from = 0; from < events; from += BATCH) {
    database.exec('BEGIN');
    for (let at = from; at < Math.min(from + BATCH, events); at++) {
      insert.run(
        ids.subarray(at * 32, at * 32 + 16),
        ids.subarray(at * 32 + 16, at * 32 + 32),
        'email.received',
        data,
      );
    }
    database.exec('COMMIT');
  }
  const seconds = (performance.now() - started) / 1000;
  database.close();
  return events / seconds;
}

/** The raw limit of replaying: the log's own rows, read in order and parsed. Events a second. */
export function rawScan(folder: string): { events: number; perSecond: number } {
  const database = new DatabaseSync(join(folder, 'log.db'), { readOnly: true, timeout: 5_000 });
  const read = database.prepare(
    'SELECT position, data FROM events WHERE position > ? ORDER BY position LIMIT 1000',
  );
  read.setReturnArrays(true);
  const decoder = new TextDecoder();
  let events = 0;
  let after = 0;
  const started = performance.now();
  for (;;) {
    const rows = read.all(after) as unknown as [number, Uint8Array][];
    const last = rows.at(-1);
    if (last === undefined) break;
    for (const [, data] of rows) JSON.parse(decoder.decode(data));
    events += rows.length;
    after = last[0];
  }
  const seconds = (performance.now() - started) / 1000;
  database.close();
  return { events, perSecond: events / seconds };
}
