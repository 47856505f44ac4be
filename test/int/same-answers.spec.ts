import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { HubAnswer, HubRequest } from '@threadline/cli/hub-client';
import { HubApi } from '@threadline/hub/demo-api';
import { readDay, type SampleDay } from '@threadline/hub/demo-day';
import { deliver } from '@threadline/hub/demo-play';
import type { FoundCustomer } from '@threadline/read-store/customers/customer-reads';
import { missingForCluster, startCluster, type Cluster } from '../support/cluster.js';
import { startHub, TEST_KEY, type TestHub } from '../support/hub.js';
import { needed } from '../support/needing.js';

/** `test/dist/int` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Milliseconds until everything must be readable. */
const PATIENCE = 60_000;

/** Sends as everybody does, and is answered when the log has it. */
class WaitingApi extends HubApi {
  override request(path: string, request?: HubRequest): Promise<HubAnswer> {
    const waits = request?.method === 'POST' && path.startsWith('/v1/events');
    return super.request(waits ? `${path}${path.includes('?') ? '&' : '?'}wait=log` : path, request);
  }
}

/** What an answer says apart from where in which log it is from. */
const plain = (answer: unknown): string =>
  JSON.stringify(answer, (name, value: unknown) =>
    name === 'position' || name === 'recordedAt' || name === 'next' ? undefined : value,
  );

/** Every card, plain and explained, every page of every timeline and identity, and whom searches find. */
async function everything(api: HubApi, minPosition: string): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  const customers = await api.all<'customers', FoundCustomer>('/v1/customers', 'customers', {
    limit: '200',
    minPosition,
  });
  told.set('customers', plain(customers.toSorted((a, b) => (a.id < b.id ? -1 : 1))));
  for (const { id } of customers) {
    const path = `/v1/customers/${id}`;
    for (const query of ['', '?explain=true', '?asOf=2026-03-02T12:00:00Z']) {
      const { status, body } = await api.request(`${path}${query}`);
      told.set(`${path}${query}`, plain([status, body]));
    }
    for (const query of [{ order: 'desc' }, { order: 'asc', channel: 'store' }])
      told.set(
        `${path}/timeline ${query.order}`,
        plain(await api.all(`${path}/timeline`, 'entries', { limit: '7', ...query })),
      );
    told.set(`${path}/identity`, plain(await api.get(`${path}/identity`, { limit: '200' })));
  }
  // What was said last is found first, and of one request each log has an order of its own.
  for (const q of ['coat', '大衣', 'ana', 'manteau']) {
    const found = await api.all<'customers', FoundCustomer>('/v1/customers', 'customers', { q, limit: '50' });
    told.set(`search ${q}`, plain(found.map(({ id, name }) => `${id} ${name}`).sort()));
  }
  return told;
}

describe('the sample day, played into a hub and into a cluster', needed(missingForCluster()), () => {
  let cluster: Cluster;
  let hub: TestHub;
  let day: SampleDay;

  before(async () => {
    day = await readDay(join(ROOT, 'test', 'fixtures', 'sample-day'));
    cluster = await startCluster();
    hub = await startHub({ env: { THREADLINE_MASTER_KEY: cluster.masterKey.toString('base64') } });
  });
  after(async () => {
    await hub?.stop();
    await cluster?.dispose();
  });

  it('gives the same customers, timelines and cards, byte for byte', async () => {
    const [gateway] = await Promise.all([cluster.start('gateway'), cluster.start('ingest')]);
    await cluster.start('projector');
    const api = await cluster.start('api');
    const alone = new HubApi(hub.url, hub.key);
    const sending = new WaitingApi(gateway.url, TEST_KEY);
    for (const delivery of day.deliveries) {
      const [here, there] = [await deliver(alone, day, delivery), await deliver(sending, day, delivery)];
      assert.deepEqual([there.accepted, there.duplicates], [here.accepted, here.duplicates], delivery.what);
    }
    const head = String(await cluster.head());
    const deadline = Date.now() + PATIENCE;
    while ((await api.fetch(`/v1/customers?limit=1&minPosition=${head}`)).status === 504)
      assert.ok(Date.now() < deadline, 'the cluster has not come so far in time');
    const expected = await everything(alone, alone.position);
    const found = await everything(new HubApi(api.url, TEST_KEY), head);
    assert.ok(expected.size > 100);
    for (const [what, answer] of expected) assert.equal(found.get(what), answer, what);
    assert.equal(found.size, expected.size);
  });
});
