import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { CorruptEventError, StoreDamagedError, StoreNewerError } from './errors.js';
import { collect, textEvent } from './event-store-properties.js';
import type { Append, RecordedEvent } from './event-store.js';
import { SqliteEventStore, type SqliteEventStoreOptions } from './sqlite-event-store.js';
import { SqliteLogReader } from './sqlite-log-reader.js';
import { requireSqlite } from './sqlite/connection.js';

let root: string;
before(() => (root = mkdtempSync(join(tmpdir(), 'event-store-'))));
after(() => rmSync(root, { recursive: true }));

const newFolder = (): string => join(root, randomUUID());
const failed = (error: Error): void => assert.fail(`the store failed: ${error.message}`);

const open = (options: Partial<SqliteEventStoreOptions> = {}): Promise<SqliteEventStore> =>
  SqliteEventStore.open({ folder: newFolder(), onFatal: failed, ...options });

describe('SqliteEventStore', () => {
  const one = (stream: string, text = 'x'): Append => ({
    stream,
    expected: 'any',
    events: [textEvent(text)],
  });

  it('never goes back in time', async () => {
    const times = [1_000, 2_000, 500, 2_500.7];
    const store = await open({ clock: () => times.shift() ?? 0 });
    for (let i = 0; i < 4; i++) await store.append([one('a-1')]);
    assert.deepEqual(
      store.stream('a-1').map(({ recordedAt }) => recordedAt),
      [1_000, 2_000, 2_000, 2_500],
    );
    assert.deepEqual(
      [0, 999, 1_000, 1_999, 2_000, 2_499, 2_500, Infinity].map((time) => store.positionAt(time)),
      [0, 0, 1, 1, 3, 3, 4, 4],
    );
    await store.close();
  });

  it('keeps recordedAt from going back over a restart', async () => {
    const folder = newFolder();
    const first = await open({ folder, clock: () => 5_000 });
    await first.append([one('a-1')]);
    await first.close();
    const second = await open({ folder, clock: () => 4_000 });
    await second.append([one('a-1')]);
    assert.equal(second.at([2])[0]?.recordedAt, 5_000);
    await second.close();
  });

  it('resolves references at once, in the order asked for', async () => {
    const store = await open({ mergeAt: 2 });
    for (let i = 0; i < 5; i++) await store.append([one(`a-${i % 2}`, `${i}`)]);
    const positions = store.at([4, 9, 1, 4]).map((event) => event?.position);
    assert.deepEqual(positions, [4, undefined, 1, 4]);
    assert.deepEqual(
      store.after(2, 2).map(({ position }) => position),
      [3, 4],
    );
    assert.equal(store.headPosition(), 5);
    const [event] = store.at([3]);
    assert.deepEqual(store.find((event as RecordedEvent).id.toUpperCase()), [event]);
    assert.deepEqual(store.find(randomUUID()), []);
    await store.close();
  });

  it('reads a stream of many pages, both ways, from memory and file', async () => {
    const store = await open({ mergeAt: 700 });
    const texts = Array.from({ length: 2_000 }, (_, i) => textEvent(`${i}`));
    for (let i = 0; i < texts.length; i += 100) {
      await store.append([{ stream: 'consent-x', expected: 'any', events: texts.slice(i, i + 100) }]);
    }
    const ids = texts.map(({ id }) => id);
    assert.deepEqual(
      (await collect(store.readStream('consent-x'))).map(({ id }) => id),
      ids,
    );
    const backwards = await collect(store.readStream('consent-x', { direction: 'backwards' }));
    assert.deepEqual(
      backwards.map(({ id }) => id),
      [...ids].reverse(),
    );
    assert.deepEqual(
      store.stream('consent-x').map(({ id }) => id),
      ids,
    );
    await store.close();
  });

  it('refuses what no log could take, and writes nothing of that call', async () => {
    const store = await open();
    const event = textEvent('x');
    const wrong: Append[] = [
      { stream: '', expected: 'any', events: [event] },
      { stream: 'a-\0', expected: 'any', events: [event] },
      { stream: 'a-\ud800', expected: 'any', events: [event] },
      { stream: 'a-1', expected: -1, events: [event] },
      { stream: 'a-1', expected: 'any', events: [] },
      { stream: 'a-1', expected: 'any', events: [event, event] },
      { stream: 'a-1', expected: 'any', events: [{ ...event, id: 'm-1' }] },
      { stream: 'a-1', expected: 'any', events: [{ ...event, type: '' }] },
      { stream: 'a-1', expected: 'any', events: [{ ...event, data: 'text' as never }] },
    ];
    for (const append of wrong)
      await assert.rejects(store.append([one('a-1'), append]), { code: 'invalid-append' });
    assert.equal(await store.head(), 0);
    assert.deepEqual(await store.append([]), []);
    await store.close();
    await assert.rejects(store.append([one('a-1')]), { code: 'store-closed' });
    assert.throws(() => store.after(0, 1), { code: 'store-closed' });
  });

  it('answers what was sent before it was closed, and ends its subscriptions', async () => {
    const store = await open();
    const following = store.subscribe({})[Symbol.asyncIterator]();
    const appending = store.append([one('a-1')]);
    for (let met = await following.next(); met.value?.kind !== 'event'; met = await following.next())
      assert.equal(met.done, false);
    const late = store.append([one('a-1')]);
    await store.close();
    assert.equal((await appending)[0]?.status, 'appended');
    assert.equal((await late)[0]?.status, 'appended');
    while (!(await following.next()).done);
  });

  it('finds other categories without walking over the interactions', async () => {
    const folder = newFolder();
    const store = await open({ folder });
    await store.append([one('interaction-1'), one('key-1')]);
    await store.close();
    const db = new DatabaseSync(join(folder, 'log.db'));
    const plan = db
      .prepare(
        'EXPLAIN QUERY PLAN SELECT position FROM events WHERE category = ? AND position > ? ORDER BY position',
      )
      .all('key', 0);
    assert.match(JSON.stringify(plan), /COVERING INDEX events_by_category/);
    assert.deepEqual(
      { ...db.prepare('SELECT count(*) AS n FROM events WHERE category IS NULL').get() },
      { n: 1 },
    );
    db.close();
  });

  it('refuses a newer schema and leaves it as it is', async () => {
    const folder = newFolder();
    await (await open({ folder })).close();
    const file = join(folder, 'log.db');
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 2');
    db.close();
    const before = readFileSync(file);
    await assert.rejects(open({ folder }), StoreNewerError);
    assert.throws(() => SqliteLogReader.open({ folder }), StoreNewerError);
    assert.deepEqual(readFileSync(file), before);
  });

  it('refuses a SQLite with the WAL-reset bug', () => {
    for (const version of ['3.51.2', '3.50.9', '2.99.99']) {
      assert.throws(() => requireSqlite(version), { code: 'sqlite-too-old' });
    }
    for (const version of ['3.51.3', '3.52.0', '3.53', '4.0.0']) requireSqlite(version);
  });

  it('says that a log which is not there is not there', () => {
    assert.throws(() => SqliteLogReader.open({ folder: newFolder() }), { code: 'store-not-found' });
  });

  it('names the position of a row that was changed, or that is gone', async () => {
    const folder = newFolder();
    const store = await open({ folder });
    await store.append([one('a-1', 'one'), one('a-1', 'two'), one('a-1', 'three')]);
    await store.close();
    for (const column of ['type', 'stream', 'revision', 'id', 'recorded_at', 'data', 'metadata']) {
      tamper(
        folder,
        `UPDATE events SET ${column} = ${column === 'data' || column === 'metadata' ? "x'00'" : 7} WHERE position = 2`,
      );
      const reader = SqliteLogReader.open({ folder });
      const names = { name: 'CorruptEventError', position: 2 };
      const bulk = SqliteLogReader.open({ folder, bulk: true });
      assert.throws(() => bulk.after(0, 10), names, column);
      await bulk.close();
      assert.throws(() => reader.at([2]), names, column);
      assert.throws(() => reader.after(0, 10), names);
      await assert.rejects(collect(reader.readAll()), names);
      await assert.rejects(collect(reader.readAll({ types: ['note.written', '7'] })), names);
      await assert.rejects(collect(reader.subscribe({})), names);
      if (column !== 'stream') await assert.rejects(collect(reader.readStream('a-1')), names);
      await reader.close();
      tamper(folder, `DELETE FROM events; INSERT INTO events SELECT * FROM kept`);
    }
    tamper(folder, 'DELETE FROM events WHERE position = 2');
    const reader = SqliteLogReader.open({ folder });
    assert.throws(() => reader.after(0, 10), new CorruptEventError(2, 'is missing'));
    await reader.close();
  });

  it('reads in bulk what it reads one by one, as text where it is one', async () => {
    const bytes = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom('', '\ufeffx', 'a\0b', '\0').map((text) => Buffer.from(text)),
      fc.constantFrom([0xff], [0xed, 0xa0, 0x80], [0x61, 0xc3]).map((some) => Uint8Array.from(some)),
    );
    const contents = fc.array(fc.record({ data: bytes, metadata: bytes }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(contents, async (all) => {
        const folder = newFolder();
        const store = await open({ folder });
        await store.append(
          all.map((content) => ({
            ...{ stream: 'a-1', expected: 'any' },
            events: [{ ...textEvent(''), ...content }],
          })),
        );
        await store.close();
        const bulk = SqliteLogReader.open({ folder, bulk: true });
        const read = bulk.after(0, all.length);
        await bulk.close();
        assert.equal(read.length, all.length);
        all.forEach(({ data, metadata }, index) => {
          const event = read[index] as RecordedEvent;
          assert.deepEqual(Buffer.from(event.data), Buffer.from(data));
          assert.deepEqual(Buffer.from(event.metadata ?? []), Buffer.from(metadata));
          const isText = Buffer.from(Buffer.from(data).toString()).equals(Buffer.from(data));
          assert.equal(event.text, isText ? Buffer.from(data).toString() : undefined);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('says that a file which is no log is damaged', async () => {
    const folder = newFolder();
    await (await open({ folder })).close();
    const db = new DatabaseSync(join(folder, 'log.db'));
    db.exec('PRAGMA journal_mode = DELETE');
    db.close();
    const file = join(folder, 'log.db');
    writeFileSync(file, Buffer.alloc(20_000, 'no database'));
    await assert.rejects(open({ folder }), StoreDamagedError);
  });
});

/** Changes the log behind everybody's back; keeps what it was in a table of its own. */
function tamper(folder: string, sql: string): void {
  const db = new DatabaseSync(join(folder, 'log.db'));
  db.exec('CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM events');
  db.exec(sql);
  db.close();
}
