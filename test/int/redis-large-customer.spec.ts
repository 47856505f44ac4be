import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import type { Clocks, CustomerReads } from '@threadline/read-store/customers/customer-reads';
import { RedisCustomerReads } from '@threadline/read-store/redis/redis-customer-reads';
import { RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import { crowd } from '../support/crowd.js';
import { ARRIVAL } from '../support/generate.js';
import { withRedis } from '../support/redis-servers.js';
import { SmallHub } from '../support/small-hub.js';

const PARTIES = 10_000;
/** Milliseconds: how fast the machine is shall not tell. */
const PATIENCE = { answer: 30_000, total: 60_000 };

/** Every page that a read answers, as text. */
async function pages(
  read: (cursor?: string) => Promise<{ next: string | null } | undefined>,
): Promise<string[]> {
  const told: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await read(cursor);
    told.push(JSON.stringify(page));
    if (page?.next == null) return told;
    cursor = page.next;
  }
}

const timelineOf = (reads: CustomerReads, id: string, order: 'asc' | 'desc'): Promise<string[]> =>
  pages((cursor) => reads.timeline(id, { limit: 40, order, ...(cursor && { cursor }) }, {}));

const identityOf = (reads: CustomerReads, id: string, clocks: Clocks = {}): Promise<string[]> =>
  pages((cursor) => reads.identity(id, { limit: 1_000, ...(cursor && { cursor }) }, clocks));

withRedis('a customer of ten thousand parties in a Redis', 'single', ['--appendonly', 'no'], (servers) => {
  it('is answered page for page as on the disk', async () => {
    const hub = await SmallHub.open(() => ARRIVAL);
    const { url } = servers();
    const name = `test-${randomBytes(6).toString('hex')}`;
    const publisher = await RedisPublisher.open({ url, name, token: 1, patience: PATIENCE });
    const { log, vault, words, now } = hub.beside();
    const reached = (): Promise<void> => Promise.resolve();
    const reads = await RedisCustomerReads.open({
      url,
      name,
      log,
      vault,
      words,
      now,
      reached,
      patience: PATIENCE,
    });
    try {
      hub.afterBatch = (copy) => publisher.publish(copy);
      const sent = crowd(PARTIES).map(({ cloudEvent }) => cloudEvent);
      assert.equal((await hub.post(sent)).status, 202);
      await hub.catchUp();
      const card = await hub.reads.card(
        (await hub.reads.search({ q: 'everywhere', limit: 1 })).customers[0]?.id ?? '',
        {},
      );
      assert.deepEqual(card?.totals, { ids: PARTIES + 1, identifiers: PARTIES + 1 });
      const ids = card.ids;
      for (const id of [ids[0], ids.at(-1)] as string[]) {
        assert.deepEqual(await reads.card(id, {}), card);
        assert.deepEqual(await reads.card(id, { knownAt: 1 }), await hub.reads.card(id, { knownAt: 1 }));
      }
      const [id = ''] = ids;
      for (const order of ['asc', 'desc'] as const) {
        const timeline = await timelineOf(reads, id, order);
        assert.equal(timeline.length, Math.ceil(sent.length / 40));
        assert.deepEqual(timeline, await timelineOf(hub.reads, id, order));
      }
      const identity = await identityOf(reads, id);
      assert.ok(identity.length > PARTIES / 1_000);
      assert.deepEqual(identity, await identityOf(hub.reads, id));
    } finally {
      reads.close();
      publisher.close();
      await hub.close();
    }
  });
});
