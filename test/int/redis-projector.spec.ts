import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { MASTER_KEY, ProjectedLog } from '@threadline/read-store/projected-log';
import { rebuildModels } from '@threadline/read-store/rebuild/rebuild';
import { RedisDriver } from '@threadline/read-store/redis/driver';
import { PublishedPosition } from '@threadline/read-store/redis/published-position';
import { RedisCustomerReads } from '@threadline/read-store/redis/redis-customer-reads';
import { RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import { SearchFollower } from '@threadline/read-store/search/search-follower';
import { withRedis } from '../support/redis-servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** Milliseconds until what failed must have come right. */
const PATIENCE = 20_000;

/** The same again until it comes right. */
async function again<T>(what: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; ;) {
    try {
      return await what();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

const EVICTING = ['--appendonly', 'no', '--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];

withRedis('a projector that publishes to a Redis', 'single', ['--appendonly', 'no'], (servers) => {
  let log: ProjectedLog;
  let search: SearchFollower;
  let folder: string;
  let publisher: RedisPublisher;
  let reads: RedisCustomerReads;

  const publish = async (by = publisher): Promise<void> => {
    const { projector, store } = log;
    const redrive = (stream: string): Promise<unknown> => projector.redrive(stream);
    const isDone = await by.publish({
      model: projector.model,
      redrive,
      head: () => store.headPosition(),
    });
    assert.ok(isDone);
  };

  beforeEach(async () => {
    log = await ProjectedLog.open();
    folder = mkdtempSync(join(tmpdir(), 'threadline-reader-'));
    search = SearchFollower.open({
      ...{ folder, log: log.store, vault: log.vault },
      failed: (error) => assert.fail(String(error)),
    });
    const { url } = servers();
    const name = `test-${randomBytes(6).toString('hex')}`;
    publisher = await RedisPublisher.open({ url, name, token: 1 });
    const { vault, store } = log;
    reads = await RedisCustomerReads.open({
      ...{ url, name, vault, log: store, words: () => search.words, now: () => log.now },
      reached: () => Promise.resolve(),
    });
  });

  afterEach(async () => {
    reads.close();
    publisher.close();
    await search.close();
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is not answered from before it has published anything', async () => {
    await assert.rejects(reads.parked(), { code: 'not-built', status: 503, retriable: true });
  });

  it('publishes what is parked, and what comes in by a redrive', async () => {
    const poison = { id: 'bad', at: 3, object: 'talk', who: ['email:ana@example.org'] };
    await log.tell({ id: 'good', at: 1, who: ['email:ana@example.org'] });
    await log.append(poison, Buffer.from('{"v": 99}'));
    await log.tell({ id: 'later', at: 4, object: 'talk', who: ['email:ana@example.org'] });
    await publish();
    assert.equal((await reads.parked())[0]?.events, 2);
    assert.deepEqual(await reads.parked(), await log.reads.parked());
    const { redriven, parked } = (await log.projector.redrive(log.streamOf(poison))) ?? {};
    await publish();
    assert.deepEqual([redriven, parked], [0, true]);
    const page = await reads.timeline(log.party('email:ana@example.org'), { limit: 5, order: 'desc' }, {});
    assert.deepEqual(
      page?.entries.map(({ id }) => id),
      ['good'],
    );
  });

  it('is searched by the words of the process that reads', async () => {
    await log.tell(
      { id: '1', at: 1, who: ['email:ana@example.org Ana'], data: { content: { text: 'my coat' } } },
      { id: '2', at: 2, who: ['email:ben@example.org Ben'], data: { content: { text: 'a hat' } } },
    );
    await publish();
    await search.advance(() => undefined);
    for (const q of ['coat', 'ben', 'ana@example.org', ''])
      assert.deepEqual(await reads.search({ q, limit: 5 }), await log.reads.search({ q, limit: 5 }));
    assert.equal((await reads.search({ q: 'coat', limit: 5 })).customers[0]?.name, 'Ana');
    assert.equal(await reads.position(), 2);
  });

  it('publishes another build of its models as a whole', async () => {
    await log.tell({ id: 'one', at: 1, who: ['email:ana@example.org', 'user:u1'] });
    await publish();
    const card = await reads.card(log.party('user:u1'), {});
    const upTo = log.store.headPosition();
    await log.projector.adopt(await rebuildModels({ folder: log.folder, masterKey: MASTER_KEY, upTo }));
    await publish();
    assert.deepEqual(await reads.card(log.party('user:u1'), {}), card);
    await log.tell({ id: 'two', at: 2, who: ['user:u1'] });
    await publish();
    assert.equal((await reads.card(log.party('user:u1'), {}))?.lastSeen, '1970-01-01T00:02:00.000Z');
  });

  it('asks a few parties of many for a page, and answers as the embedded model does', async (context) => {
    const both = Array.from({ length: 150 }, (_, n) => ({
      id: `b${n}`,
      at: n,
      who: [`anonymous:a${n}`, 'user:u1'],
    }));
    const alone = both.map(({ who }, n) => ({ id: `e${n}`, at: (n * 37) % 151, who: who.slice(0, 1) }));
    await log.tell(...both, ...alone);
    await publish();
    const party = log.party('user:u1');
    const script = context.mock.method(RedisDriver.prototype, 'script');
    const pages: unknown[] = [];
    for (const order of ['asc', 'desc'] as const) {
      for (let cursor: string | undefined, page = 0; page < 4; page++) {
        const query = { limit: 7, order, ...(cursor !== undefined && { cursor }) };
        script.mock.resetCalls();
        const told = await reads.timeline(party, query, {});
        assert.ok(script.mock.callCount() <= 64, `${script.mock.callCount()} of 151 timelines were asked`);
        assert.deepEqual(told, await log.reads.timeline(party, query, {}));
        pages.push(...(told?.entries.map(({ id }) => id) ?? []));
        cursor = told?.next ?? undefined;
      }
    }
    assert.equal(new Set(pages).size, 56);
    const rare = { limit: 3, order: 'desc', type: 'email.received' } as const;
    assert.deepEqual((await reads.timeline(party, rare, {}))?.entries, []);
  });

  it('says that it is away while its Redis is, and fills one that comes back empty', async () => {
    await log.tell({ id: 'one', at: 1, who: ['user:u1'] });
    await publish();
    const card = await reads.card(log.party('user:u1'), {});
    servers().kill(1);
    await assert.rejects(reads.card(log.party('user:u1'), {}), { code: 'read-store-busy', status: 503 });
    await log.tell({ id: 'two', at: 1, who: ['user:u2'] });
    await assert.rejects(publish(), { code: 'read-store-busy', retriable: true });
    await servers().start(1);
    await assert.rejects(reads.card(log.party('user:u1'), {}), { code: 'not-built', status: 503 });
    await publish();
    assert.deepEqual(await reads.card(log.party('user:u1'), {}), card);
  });

  it('goes on by a new connection where the old one was forgotten on the way', async () => {
    await log.tell({ id: 'one', at: 1, who: ['user:u1'] });
    const proxy = await TcpProxy.listen();
    proxy.leadTo(servers().ports[0] as number);
    const name = `test-${randomBytes(6).toString('hex')}`;
    const url = `redis://127.0.0.1:${proxy.port}`;
    const [writer, told] = await Promise.all([
      RedisPublisher.open({ url, name, token: 1 }),
      PublishedPosition.open({ url, name }),
    ]);
    try {
      await publish(writer);
      assert.equal(await told.now(), 1);
      proxy.halfClose('server');
      await log.tell({ id: 'two', at: 2, who: ['user:u2'] });
      await again(() => publish(writer));
      assert.equal(await again(() => told.now()), 2);
    } finally {
      for (const one of [writer, told]) one.close();
      await proxy.close();
    }
  });

  it('writes nothing that was said, nor who said it', async (context) => {
    const data = { content: { text: 'a torn coat' } };
    await log.tell({ id: 'one', at: 1, who: ['email:ana@example.org Ana Ruiz', 'user:u-4711'], data });
    const script = context.mock.method(RedisDriver.prototype, 'script');
    await publish();
    const written = script.mock.calls
      .flatMap((call) => call.arguments[2])
      .map(String)
      .join('\n');
    assert.match(written, /chat/, 'what is clear is there');
    for (const personal of ['ana@example', 'Ana Ruiz', 'u-4711', 'torn'])
      assert.ok(!written.includes(personal), `${personal} was written`);
  });
});

withRedis('a Redis that throws keys away when it is full', 'single', EVICTING, (servers) => {
  it('is refused', async () => {
    const { url } = servers();
    await assert.rejects(RedisPublisher.open({ url, token: 1 }), {
      code: 'read-store-settings',
      retriable: false,
    });
  });
});
