import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { backupLog } from './backup-log.js';
import { StoreFullError } from './errors.js';
import { collect, textEvent } from './event-store-properties.js';
import type { Append } from './event-store.js';
import { SqliteEventStore, type SqliteEventStoreOptions } from './sqlite-event-store.js';
import { SqliteLogReader } from './sqlite-log-reader.js';

let root: string;
before(() => (root = mkdtempSync(join(tmpdir(), 'event-store-'))));
after(() => rmSync(root, { recursive: true }));

const newFolder = (): string => join(root, randomUUID());
const failed = (error: Error): void => assert.fail(`the store failed: ${error.message}`);

const open = (options: Partial<SqliteEventStoreOptions> = {}): Promise<SqliteEventStore> =>
  SqliteEventStore.open({ folder: newFolder(), onFatal: failed, ...options });

/** An append whose stream and event id follow from its number: whoever knows the number can send it again. */
const numbered = (n: number): Append => {
  const id = `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`;
  return { stream: `interaction-${n % 1_000}`, expected: 'any', events: [textEvent(`${n}`, id)] };
};

async function fill(store: SqliteEventStore, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 100) {
    await store.append(Array.from({ length: Math.min(100, to - n) }, (_, i) => numbered(n + i)));
  }
}

/** Every event up to `to` is known, and nothing is known twice. */
async function holds(store: SqliteEventStore, to: number): Promise<void> {
  const head = store.headPosition();
  for (let n = 0; n < to; n += 100) {
    const results = await store.append(
      Array.from({ length: Math.min(100, to - n) }, (_, i) => numbered(n + i)),
    );
    assert.ok(results.every(({ status }) => status === 'duplicate'));
  }
  assert.equal(store.headPosition(), head);
}

/** Runs a module in another process; it says lines. */
function run(source: string): { child: ChildProcess; lines: AsyncIterable<string> } {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout } = child;
  assert.ok(stdout !== null);
  return { child, lines: createInterface({ input: stdout }) };
}

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** Appends numbered events, 20 a call, for ever; says the next number after each answer. */
const endlessWriter = (folder: string): string => `
  import { SqliteEventStore } from ${here('./sqlite-event-store.js')};
  const store = await SqliteEventStore.open({ folder: ${JSON.stringify(folder)}, mergeAt: 300 });
  const numbered = ${numbered.toString().replace('textEvent(', 'event(')};
  const event = (text, id) => ({ id, type: 'note.written', data: Buffer.from(JSON.stringify({ text })) });
  for (let n = 0; ; n += 20) {
    await store.append(Array.from({ length: 20 }, (_, i) => numbered(n + i)));
    process.stdout.write(n + 20 + '\\n');
  }`;

describe('SqliteEventStore and what can go wrong', () => {
  it('makes a log whose making was cut short with its journal on disk', async () => {
    const folder = newFolder();
    mkdirSync(folder);
    const draft = `${folder}.draft`;
    const db = new DatabaseSync(draft);
    db.exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA journal_mode = DELETE;
      PRAGMA cache_size = 2; BEGIN; CREATE TABLE half (made)`);
    const insert = db.prepare('INSERT INTO half VALUES (randomblob(4000))');
    // Until pages, and before them the journal, have to be written.
    for (let row = 0; row < 100; row++) insert.run();
    for (const end of ['', '-journal']) copyFileSync(draft + end, join(folder, `log.db${end}`));
    db.close();
    assert.throws(() => SqliteLogReader.open({ folder }), { code: 'store-not-found' });
    const store = await open({ folder });
    await fill(store, 0, 10);
    await holds(store, 10);
    await store.close();
  });

  it('loses nothing acknowledged when it is killed in mid-append', async () => {
    for (const kill of [3, 40, 111]) {
      const folder = newFolder();
      const { child, lines } = run(endlessWriter(folder));
      let acknowledged = 0;
      let said = 0;
      for await (const line of lines) {
        acknowledged = Number(line);
        if (++said === kill) child.kill('SIGKILL');
      }
      const store = await open({ folder });
      assert.ok(store.headPosition() >= acknowledged);
      assert.equal(store.headPosition() % 20, 0, 'a call of one transaction is there wholly or not at all');
      await holds(store, acknowledged);
      await store.close();
    }
  });

  it('builds its index again when it is lost, damaged, of another log, or ahead of it', async () => {
    const folder = newFolder();
    const index = join(folder, 'log-index.db');
    const store = await open({ folder, mergeAt: 100 });
    await fill(store, 0, 1_000);
    await store.close();
    const spoil: [string, () => void][] = [
      ['lost', () => rmSync(index)],
      ['no database', () => overwrite(index, 0)],
      ['damaged within', () => overwrite(index, 4_096 * 3)],
      ['ahead', () => change(index, `UPDATE indexed SET position = 5000`)],
      ['of another log', () => change(index, `UPDATE indexed SET hash = 'x'`)],
      ['of another version', () => change(index, `PRAGMA user_version = 9`)],
      [
        'with more than it says',
        () =>
          change(
            index,
            `ATTACH '${join(folder, 'log.db')}' AS log;
             UPDATE indexed SET position = 200, hash = (SELECT hash FROM log.events WHERE position = 200)`,
          ),
      ],
      ['without a word', () => change(index, `DELETE FROM indexed`)],
    ];
    for (const [what, how] of spoil) {
      how();
      const again = await open({ folder, mergeAt: 100 });
      await assert.doesNotReject(holds(again, 1_000), what);
      const reader = SqliteLogReader.open({ folder });
      assert.equal(reader.stream('interaction-7').length, 1, what);
      await reader.close();
      await again.close();
      assert.ok(existsSync(index));
    }
  });

  it('goes on with an index that is damaged while it runs', async () => {
    const folder = newFolder();
    const store = await open({ folder, mergeAt: 100 });
    await fill(store, 0, 1_000);
    await store.close();
    const again = await open({ folder, mergeAt: 100 });
    overwrite(join(folder, 'log-index.db'), 4_096);
    await holds(again, 1_000);
    await again.close();
  });

  it('knows at start what the index has not seen', async () => {
    const folder = newFolder();
    const store = await open({ folder });
    await fill(store, 0, 500);
    await store.close();
    const again = await open({ folder });
    await holds(again, 500);
    await again.close();
    const smaller = await open({ folder, mergeAt: 50 });
    await holds(smaller, 500);
    await smaller.close();
  });

  it('answers that it is full, writes nothing, and goes on when there is room', async () => {
    const store = await open({ maxPages: 40 });
    await fill(store, 0, 100);
    const big = (): Append => ({
      stream: 'interaction-big',
      expected: 'any',
      events: [{ id: randomUUID(), type: 'note.written', data: Buffer.alloc(1_000_000) }],
    });
    const head = store.headPosition();
    await assert.rejects(store.append([numbered(100), big()]), (error) => {
      assert.ok(error instanceof StoreFullError);
      assert.equal(error.retriable, true);
      return true;
    });
    assert.equal(store.headPosition(), head);
    assert.deepEqual(store.stream('interaction-100'), []);
    const [small] = await store.append([numbered(100)]);
    assert.equal(small?.status, 'appended');
    await holds(store, 101);
    await store.close();
  });

  it('ends the process when the log cannot be trusted: another writer got in between', async () => {
    const folder = newFolder();
    const fatal: Error[] = [];
    const store = await open({ folder, onFatal: (error) => fatal.push(error) });
    await store.append([numbered(0)]);
    const other = await open({ folder });
    await other.append([numbered(1)]);
    await other.close();
    await assert.rejects(store.append([numbered(2)]), { code: 'store-failed' });
    await assert.rejects(store.append([numbered(3)]), { code: 'store-failed' });
    assert.equal(fatal.length, 1);
    await store.close();
  });

  it('exits with 74 by itself', async () => {
    const folder = newFolder();
    await (await open({ folder })).close();
    const { child } = run(`
      import { DatabaseSync } from 'node:sqlite';
      import { SqliteEventStore } from ${here('./sqlite-event-store.js')};
      const store = await SqliteEventStore.open({ folder: ${JSON.stringify(folder)} });
      new DatabaseSync(${JSON.stringify(join(folder, 'log.db'))}).exec('ALTER TABLE events RENAME TO gone');
      process.stderr.write = () => true;
      store.append([{ stream: 'a-1', expected: 'any', events: [
        { id: '${randomUUID()}', type: 'a.b', data: new Uint8Array(1) }] }]);`);
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 74);
  });

  it('is read and followed by another process while it writes', async () => {
    const folder = newFolder();
    const store = await open({ folder, mergeAt: 200 });
    const { lines } = run(`
      import { SqliteLogReader } from ${here('./sqlite-log-reader.js')};
      const reader = SqliteLogReader.open({ folder: ${JSON.stringify(folder)} });
      const abort = new AbortController();
      let expected = 1;
      console.log('ready');
      for await (const message of reader.subscribe({ signal: abort.signal })) {
        if (message.kind !== 'event') continue;
        const { event } = message;
        if (event.position !== expected++) throw new Error('a gap at ' + event.position);
        const stream = reader.stream(event.stream);
        if (stream[event.revision]?.id !== event.id) throw new Error('not in its stream: ' + event.position);
        if (event.position === 2000) abort.abort();
      }
      console.log(expected);
      await reader.close();`);
    const said: string[] = [];
    for await (const line of lines) {
      said.push(line);
      if (line === 'ready') await fill(store, 0, 2_000);
    }
    assert.deepEqual(said, ['ready', '2001']);
    await store.close();
  });

  it('is told by a poke sooner than by looking', async () => {
    const folder = newFolder();
    const store = await open({ folder });
    const reader = SqliteLogReader.open({ folder });
    const abort = new AbortController();
    for await (const message of reader.subscribe({ signal: abort.signal })) {
      if (message.kind === 'caught-up')
        setImmediate(() => void store.append([numbered(1)]).then(() => reader.poke()));
      if (message.kind === 'event') abort.abort();
    }
    await reader.close();
    await store.close();
  });

  it('is backed up whole while another process writes', async () => {
    const folder = newFolder();
    const { child, lines } = run(endlessWriter(folder));
    const exited = once(child, 'exit');
    let acknowledged = 0;
    let backed: Promise<{ position: number }> | undefined;
    const target = newFolder();
    const progress: number[] = [];
    for await (const line of lines) {
      acknowledged = Number(line);
      if (acknowledged === 600) {
        const before = acknowledged;
        backed = backupLog(folder, target, (done, total) => progress.push(done / total)).then((backup) => {
          assert.ok(backup.position >= before);
          child.kill('SIGKILL');
          return backup;
        });
      }
    }
    await exited;
    const { position } = (await backed) ?? assert.fail('no backup');
    const store = await open({ folder: target });
    assert.equal(store.headPosition(), position);
    assert.equal((await collect(store.readAll())).length, position);
    await holds(store, position);
    await store.close();
    await assert.rejects(backupLog(folder, target), { code: 'backup-target' });
    assert.ok(progress.every((part) => part >= 0 && part <= 1));
  });

  it('survives a log that was put back from a backup beside its old index', async () => {
    const folder = newFolder();
    const store = await open({ folder, mergeAt: 100 });
    await fill(store, 0, 500);
    const { file } = await backupLog(folder, newFolder());
    await fill(store, 500, 1_000);
    await store.close();
    copyFileSync(file, join(folder, 'log.db'));
    const again = await open({ folder, mergeAt: 100 });
    await holds(again, 500);
    const [result] = await again.append([numbered(700)]);
    assert.equal(result?.status, 'appended');
    await again.close();
  });
});

/** Writes rubbish into the file from there on, without changing its length. */
function overwrite(path: string, from: number): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.alloc(statSync(path).size - from, 0xa5), 0, undefined, from);
  closeSync(descriptor);
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}
