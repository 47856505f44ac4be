import assert from 'node:assert/strict';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CUSTOMERS, earlierPart, readModels, SEARCH, switchModels } from './sqlite/models.js';
import { MASTER_KEY, ProjectedLog } from './projected-log.js';
import { buildIfFarBehind, rebuildModels } from './rebuild/rebuild.js';
import { buildSearch } from './rebuild/rebuild-search.js';
import { withSources } from './rebuild/rebuild-sources.js';
import { verifyModels, type Difference, type Verified } from './rebuild/verify.js';

let log: ProjectedLog;
beforeEach(async () => (log = await ProjectedLog.open()));
afterEach(() => log.close());

const timeline = async (who: string, limit = 50): Promise<(string | null)[]> =>
  (await log.reads.timeline(log.party(who), { limit, order: 'desc' }, {}))?.entries.map(({ id }) => id) ?? [];

async function verify(): Promise<Verified & { found: Difference[] }> {
  const found: Difference[] = [];
  const { folder, store, vault } = log;
  const verified = await verifyModels({
    folder,
    log: store,
    vault,
    now: () => log.now,
    onDifference: (one) => found.push(one),
  });
  return { ...verified, found };
}

describe('an event that cannot be used', () => {
  const poison = { id: 'bad', object: 'talk', at: 2 };

  beforeEach(async () => {
    await log.tell({ id: 'good', object: 'talk', at: 1, who: ['email:ana@example.org Ana'] });
    await log.append(poison, Buffer.from('{"v":99}'));
    await log.tell(
      { id: 'later', object: 'talk', at: 3 },
      { id: 'other', at: 4, who: ['email:ana@example.org'] },
    );
  });

  it('is parked with the later events of its interaction; the rest flows on', async () => {
    assert.deepEqual(await timeline('email:ana@example.org'), ['other', 'good']);
    const [parked, ...further] = await log.reads.parked();
    assert.deepEqual(further, []);
    assert.equal(parked?.events, 2);
    assert.match(parked.reason, /version 99/);
    assert.equal(await log.reads.position(), log.store.headPosition());
    assert.deepEqual((await verify()).found, []);
  });

  it('stays parked while it cannot be used', async () => {
    assert.deepEqual(await log.projector.redrive(log.streamOf(poison)), {
      redriven: 0,
      parked: true,
      reason: 'this event was stored in version 99, which this code does not know',
    });
    assert.equal(await log.projector.redrive('interaction-of-nobody'), undefined);
  });

  it('comes in with those that waited once it can, also after a rebuild', async () => {
    const files = await rebuildModels({
      folder: log.folder,
      masterKey: MASTER_KEY,
      upTo: log.store.headPosition(),
    });
    await log.projector.adopt(files);
    log.reads.refresh();
    assert.equal((await log.reads.parked())[0]?.events, 2);
    // A later Threadline would know the version; here the row is mended behind the store's back.
    const mended = Buffer.from(
      JSON.stringify(await log.sealed({ ...poison, data: { content: { text: 'found again' } } })),
    );
    await mendRow(log, 2, mended);
    assert.deepEqual(await log.projector.redrive(log.streamOf(poison)), { redriven: 2, parked: false });
    assert.deepEqual(await timeline('email:ana@example.org'), ['other', 'later', 'bad', 'good']);
    assert.deepEqual(await log.reads.parked(), []);
    assert.equal((await log.reads.search({ q: 'found again', limit: 5 })).customers.length, 1);
    assert.deepEqual((await verify()).found, []);
  });
});

describe('an event that was damaged on disk', () => {
  it('is parked, with the later events of its interaction, and nothing else stops', async () => {
    await log.tell({ id: 'before', at: 1, who: ['email:ana@example.org'] });
    await log.append({ id: 'damaged', object: 'talk' }, Buffer.from('{}'));
    const database = new DatabaseSync(join(log.folder, 'log.db'));
    database.exec(`UPDATE events SET data = x'00' WHERE position = 2`);
    database.close();
    await log.tell({ id: 'after', at: 2, who: ['email:ana@example.org'] });
    assert.deepEqual(await timeline('email:ana@example.org'), ['after', 'before']);
    assert.match((await log.reads.parked())[0]?.reason ?? '', /position 2/);
  });
});

/** Writes other data under the same event, with its hash: what no code of ours does. */
async function mendRow({ folder, store }: ProjectedLog, position: number, data: Uint8Array): Promise<void> {
  const { contentHash } = await import('@threadline/event-store/content-hash');
  const database = new DatabaseSync(join(folder, 'log.db'));
  const [next] = store.after(position - 1, 1);
  assert.ok(next);
  database
    .prepare('UPDATE events SET data = ?, hash = ? WHERE position = ?')
    .run(data, contentHash(next.stream, next.revision, next.recordedAt, { ...next, data }), position);
  database.close();
}

describe('read models', () => {
  const day = [
    { id: 'web', at: 1, who: ['anonymous:cookie-1'], type: 'web.viewed' },
    {
      id: 'order',
      at: 5,
      who: ['loyalty:L1 Ana Ruiz'],
      type: 'purchase.completed',
      object: 'o-1',
      data: { purchase: { order: 'A-1', currency: 'EUR', total: '10.00' } },
    },
    {
      id: 'order-2',
      at: 6,
      who: ['loyalty:L1'],
      type: 'purchase.completed',
      object: 'o-1',
      data: { purchase: { order: 'A-1', currency: 'EUR', total: '12.00' } },
    },
    {
      id: 'chat',
      at: 7,
      who: ['user:u1', 'anonymous:cookie-1'],
      data: { content: { text: '我的大衣在哪里' } },
    },
    { id: 'evening', at: 9, who: ['loyalty:L1', 'user:u1'] },
    { id: 'nobody', at: 10 },
  ];

  it('say the same when they are built anew, and keep what was live before to go back to', async () => {
    await log.tell(...day);
    const told = async (): Promise<unknown> => [
      await log.reads.cardByIdentifier('loyalty', 'L1', {}),
      await timeline('loyalty:L1'),
      await log.reads.search({ q: '大衣', limit: 5 }),
    ];
    const before = await told();
    const live = readModels(log.folder);
    const upTo = log.store.headPosition();
    const files = await rebuildModels({ folder: log.folder, masterKey: MASTER_KEY, upTo });
    assert.deepEqual(await told(), before, 'nothing changes before the switch');
    await log.tell({ id: 'meanwhile', at: 11, who: ['user:u1'] });
    await log.projector.adopt(files);
    log.reads.refresh();
    assert.deepEqual(await timeline('loyalty:L1', 1), ['meanwhile']);
    assert.equal((await verify()).differences, 0);
    const back = live[CUSTOMERS]?.live ?? '';
    assert.equal(readModels(log.folder)[CUSTOMERS]?.before, back);
    log.projector.close();
    switchModels(log.folder, { [CUSTOMERS]: back });
    log.projector = log.openProjector();
    log.reads.refresh();
    await log.catchUp();
    assert.deepEqual(await timeline('loyalty:L1', 1), ['meanwhile']);
  });

  it('leave no files of a build that was cut off', async () => {
    await log.tell(...day);
    const stop = new AbortController();
    const building = rebuildModels({
      folder: log.folder,
      masterKey: MASTER_KEY,
      upTo: log.store.headPosition(),
      signal: stop.signal,
    });
    stop.abort(new Error('enough'));
    await assert.rejects(building, /enough/);
    log.projector.close();
    log.projector = log.openProjector();
    const builds = readdirSync(log.folder).filter((file) => /^(customers|search)\.db\.\d+-\d+$/.test(file));
    assert.deepEqual(builds.sort(), ['customers.db.5-1', 'search.db.2-1']);
  });

  it('are found right by verify, and every row that is changed is found', async () => {
    await log.tell(...day);
    const { events, customers, differences } = await verify();
    assert.deepEqual([events, customers, differences], [6, 1, 0]);
    const wrongs: [string, string][] = [
      [`UPDATE summaries SET summary = replace(summary, '12.00', '12.01')`, 'card'],
      [`UPDATE parties SET first = first - 60000 WHERE handle = (SELECT max(handle) FROM parties)`, 'party'],
      [`UPDATE parties SET named = named + 1`, 'explanation'],
      [`DELETE FROM timeline WHERE position = 1`, 'timeline'],
      [`UPDATE links SET strength = 2`, 'identity'],
      [`INSERT INTO timeline SELECT 5, k, position, type, channel, flags FROM timeline LIMIT 1`, 'rows'],
    ];
    for (const [sql, what] of wrongs) {
      const database = new DatabaseSync(join(log.folder, readModels(log.folder)[CUSTOMERS]?.live ?? ''));
      database.exec(sql);
      database.close();
      const { found } = await verify();
      assert.ok(
        found.some((difference) => difference.what === what),
        `${sql} is found: ${JSON.stringify(found)}`,
      );
      const upTo = log.store.headPosition();
      await log.projector.adopt(await rebuildModels({ folder: log.folder, masterKey: MASTER_KEY, upTo }));
      log.reads.refresh();
      assert.equal((await verify()).differences, 0, 'a rebuild mends it');
    }
  });
});

describe('a timeline page', () => {
  it('goes on where it was, whatever comes meanwhile', async () => {
    for (let at = 1; at <= 9; at++) await log.tell({ id: `e${at}`, at: at * 10, who: ['user:u1'] });
    const seen: (string | null)[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 3; page++) {
      const answer = await log.reads.timeline(
        log.party('user:u1'),
        { limit: 3, order: 'desc', ...(cursor && { cursor }) },
        {},
      );
      seen.push(...(answer?.entries.map(({ id }) => id) ?? []));
      cursor = answer?.next ?? undefined;
      await log.tell(
        { id: `new${page}`, at: 1000 + page, who: ['user:u1'] },
        { id: `old${page}`, at: page + 1, who: ['user:u1'] },
      );
    }
    assert.deepEqual(seen, ['e9', 'e8', 'e7', 'e6', 'e5', 'e4', 'e3', 'e2', 'e1']);
    await assert.rejects(
      log.reads.timeline(log.party('user:u1'), { limit: 3, order: 'desc', cursor: 'AAAA' }, {}),
      {
        code: 'invalid-cursor',
      },
    );
  });

  it('of a customer of many parties is the same as of few', async () => {
    const many = Array.from({ length: 100 }, (_, n) => ({
      id: `e${n}`,
      at: (n * 37) % 101,
      who: [`anonymous:a${n}`, 'user:u1'],
    }));
    await log.tell(...many);
    await log.tell(...many.map(({ id, at, who }) => ({ id: `${id}-alone`, at, who: who.slice(0, 1) })));
    const all = await timeline('user:u1', 200);
    assert.equal(all.length, 200);
    const pages: (string | null)[] = [];
    let cursor: string | undefined;
    do {
      const page = await log.reads.timeline(
        log.party('anonymous:a5'),
        { limit: 7, order: 'asc', ...(cursor && { cursor }) },
        {},
      );
      pages.push(...(page?.entries.map(({ id }) => id) ?? []));
      cursor = page?.next ?? undefined;
    } while (cursor !== undefined);
    assert.deepEqual(pages.reverse(), all);
  });
});

describe('a search index in two parts', () => {
  it('answers as one does', async () => {
    await log.tell(
      { id: '1', at: 1, who: ['email:ana@example.org Ana'], data: { content: { text: 'first coat' } } },
      { id: '2', at: 2, who: ['email:ben@example.org Ben'], data: { content: { text: 'second coat' } } },
      { id: '3', at: 3, who: ['email:ana@example.org Ana'], data: { content: { text: 'third coat' } } },
      { id: '4', at: 4, who: ['email:eva@example.org Eva'], data: { content: { text: 'fourth coat' } } },
    );
    const asked = ['coat', 'ana', 'ben@example.org', 'first', 'third', 'fifth'];
    const answers = (): Promise<unknown> =>
      Promise.all(asked.map(async (q) => (await log.reads.search({ q, limit: 10 })).customers));
    const before = await answers();
    const upTo = log.store.headPosition();
    const { folder } = log;
    const files = await rebuildModels({ folder, masterKey: MASTER_KEY, upTo, worthDividing: 2 });
    const path = join(folder, files[SEARCH]);
    // Of a log as short as this nothing is left to be divided.
    await withSources({ folder, masterKey: MASTER_KEY }, async (sources) => {
      await buildSearch(sources, { from: 0, upTo: 2, path: earlierPart(path) }, () => undefined);
      await buildSearch(sources, { from: 2, upTo, path }, () => undefined);
    });
    await log.projector.adopt(files);
    log.reads.refresh();
    assert.deepEqual(await answers(), before);
    await log.tell({
      id: '5',
      at: 5,
      who: ['email:ana@example.org Ann'],
      data: { content: { text: 'fifth coat' } },
    });
    assert.equal((await log.reads.search({ q: 'fifth', limit: 10 })).customers[0]?.name, 'Ann');
    assert.equal((await log.reads.search({ q: 'ana', limit: 10 })).customers.length, 1);
    assert.deepEqual((await verify()).found, []);
  });
});

describe('a search', () => {
  beforeEach(() =>
    log.tell(
      {
        id: '1',
        at: 1,
        who: ['email:ana@example.org Ana Ruiz'],
        data: { content: { text: 'My coat: "broken" AND (torn) OR NOT*' } },
      },
      {
        id: '2',
        at: 2,
        who: ['email:li@example.org 李娜'],
        data: { content: { text: '我想换一件羊毛大衣，谢谢' } },
      },
      {
        id: '3',
        at: 3,
        who: ['phone:+491701234567 Müller'],
        type: 'purchase.completed',
        data: { purchase: { order: 'A-1001', currency: 'EUR', total: '1' } },
      },
      { id: '4', at: 4, who: ['user:ruiz-fan'], data: { content: { text: 'I met Ana Ruiz' } } },
    ),
  );
  const found = async (q: string): Promise<string[]> =>
    (await log.reads.search({ q, limit: 10 })).customers.map(
      ({ identifiers, matched }) => `${identifiers[0]?.value} ${matched.in}`,
    );

  it('finds names, identifiers, order numbers and words, names before words', async () => {
    assert.deepEqual(await found('ana ruiz'), ['ana@example.org name', 'ruiz-fan words']);
    assert.deepEqual(await found('LI@EXAMPLE.org'), ['li@example.org identifier']);
    assert.deepEqual(await found('muller'), ['+491701234567 name']);
    assert.deepEqual(await found('+49 170 1234567'), ['+491701234567 identifier']);
    assert.deepEqual(await found('a-1001'), ['+491701234567 words']);
  });

  it('gives everybody of a name, however many they are', async () => {
    const crowd = Array.from({ length: 35 }, (_, i) => ({
      id: `crowd-${i}`,
      who: Array.from({ length: 30 }, (__, j) => `device:${i}-${j} Common Name`),
    }));
    await log.tell(...crowd);
    const met = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await log.reads.search({ q: 'common', limit: 200, ...(cursor && { cursor }) });
      for (const { id } of page.customers) met.add(id);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    assert.equal(met.size, 35 * 30);
  });

  it('finds two Chinese characters that stand together, and not two that do not', async () => {
    assert.deepEqual(await found('大衣'), ['li@example.org words']);
    assert.deepEqual(await found('李娜'), ['li@example.org name']);
    assert.deepEqual(await found('衣大'), []);
  });

  it('takes whatever is typed', async () => {
    for (const q of ['"', '*', 'AND', 'a OR', 'NEAR(', '()', 'text:', '\u0000', "'", '-', '😀', '%'])
      await found(q);
    assert.deepEqual(await found('"broken" NEAR (torn)'), []);
    assert.deepEqual(await found('broken torn'), ['ana@example.org words']);
  });

  it('gives every customer once, page after page', async () => {
    const all: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await log.reads.search({ limit: 1, ...(cursor && { cursor }) });
      all.push(...page.customers.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    assert.equal(new Set(all).size, 4);
    assert.equal(all.length, 4);
  });
});

describe('a log that is shorter than what was projected', () => {
  it('is projected anew, from its start', async () => {
    await log.tell({ id: 'one', at: 1, who: ['user:ana'] }, { id: 'two', at: 2, who: ['user:ana'] });
    log.projector.close();
    const { live } = readModels(log.folder)[CUSTOMERS] ?? {};
    const ahead = new DatabaseSync(join(log.folder, live ?? ''));
    ahead.exec("UPDATE meta SET value = 99 WHERE key = 'checkpoint'");
    ahead.close();
    log.projector = log.openProjector();
    log.reads.refresh();
    assert.notEqual(readModels(log.folder)[CUSTOMERS]?.live, live);
    await log.catchUp();
    assert.deepEqual(await timeline('user:ana'), ['two', 'one']);
    assert.deepEqual((await verify()).found, []);
  });
});

describe('read models that a power cut left empty', () => {
  it('are filled again from the log', async () => {
    await log.tell({ id: '1', at: 1, who: ['user:u1'] });
    log.projector.close();
    log.reads.close();
    const file = join(log.folder, readModels(log.folder)[CUSTOMERS]?.live ?? '');
    for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    writeFileSync(file, '');
    await buildIfFarBehind({ folder: log.folder, masterKey: MASTER_KEY, upTo: 1 });
    log.projector = log.openProjector();
    await log.catchUp();
    assert.deepEqual(await timeline('user:u1'), ['1']);
  });
});

describe('read models that are damaged', () => {
  it('are named, with what to do', async () => {
    log.projector.close();
    const { live } = readModels(log.folder)[CUSTOMERS] ?? {};
    for (const file of [live ?? '', 'models.json']) {
      writeFileSync(join(log.folder, file), 'not what was written '.repeat(500));
      assert.throws(() => log.openProjector(), { code: 'read-models-unusable', exitCode: 74 });
      const { folder } = log;
      const start = buildIfFarBehind({ folder, masterKey: MASTER_KEY, upTo: 0 });
      await assert.rejects(start, { code: 'read-models-unusable', exitCode: 74 });
    }
    rmSync(join(log.folder, 'models.json'));
    log.projector = log.openProjector();
  });
});
