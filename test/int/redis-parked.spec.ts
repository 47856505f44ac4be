import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, it } from 'node:test';
import { MASTER_KEY, ProjectedLog } from '@threadline/read-store/projected-log';
import { rebuildModels } from '@threadline/read-store/rebuild/rebuild';
import { PublishedProjector } from '@threadline/read-store/redis/published-projector';
import { RedisCustomerReads } from '@threadline/read-store/redis/redis-customer-reads';
import { RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import { LiveModels } from '@threadline/read-store/sqlite/live-models';
import { withRedis } from '../support/redis-servers.js';

withRedis('a projector that publishes to a Redis', 'single', ['--appendonly', 'no'], (servers) => {
  let log: ProjectedLog;
  let models: LiveModels;
  let publisher: RedisPublisher;
  let projector: PublishedProjector;
  let reads: RedisCustomerReads;

  beforeEach(async () => {
    log = await ProjectedLog.open();
    models = new LiveModels(log.folder);
    const { url } = servers();
    const name = `test-${randomBytes(6).toString('hex')}`;
    publisher = await RedisPublisher.open({ url, name, token: 1 });
    projector = new PublishedProjector(log.projector, publisher);
    const { vault, store } = log;
    reads = await RedisCustomerReads.open({
      ...{ url, name, vault, log: store, words: () => models.search, now: () => log.now },
      reached: () => Promise.resolve(),
    });
  });

  afterEach(async () => {
    reads.close();
    publisher.close();
    models.close();
    await log.close();
  });

  it('is not answered from before it has published anything', async () => {
    await assert.rejects(reads.parked(), { code: 'not-built', status: 503, retriable: true });
  });

  it('publishes what is parked, and what comes in by a redrive', async () => {
    const poison = { id: 'bad', at: 3, object: 'talk', who: ['email:ana@example.org'] };
    await log.tell({ id: 'good', at: 1, who: ['email:ana@example.org'] });
    await log.append(poison, Buffer.from('{"v": 99}'));
    await log.tell({ id: 'later', at: 4, object: 'talk', who: ['email:ana@example.org'] });
    await projector.next();
    assert.equal((await reads.parked())[0]?.events, 2);
    assert.deepEqual(await reads.parked(), await log.reads.parked());
    const { redriven, parked } = (await projector.redrive(log.streamOf(poison))) ?? {};
    assert.deepEqual([redriven, parked], [0, true]);
    const page = await reads.timeline(log.party('email:ana@example.org'), { limit: 5, order: 'desc' }, {});
    assert.deepEqual(
      page?.entries.map(({ id }) => id),
      ['good'],
    );
  });

  it('publishes another build of its models as a whole', async () => {
    await log.tell({ id: 'one', at: 1, who: ['email:ana@example.org', 'user:u1'] });
    await projector.next();
    const card = await reads.card(log.party('user:u1'), {});
    const upTo = log.store.headPosition();
    await log.projector.adopt(await rebuildModels({ folder: log.folder, masterKey: MASTER_KEY, upTo }));
    models.refresh();
    await projector.next();
    assert.deepEqual(await reads.card(log.party('user:u1'), {}), card);
    await log.tell({ id: 'two', at: 2, who: ['user:u1'] });
    await projector.next();
    assert.equal((await reads.card(log.party('user:u1'), {}))?.lastSeen, '1970-01-01T00:02:00.000Z');
  });
});
