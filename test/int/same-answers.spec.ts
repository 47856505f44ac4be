import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { HubAnswer, HubRequest } from '@threadline/cli/hub-client';
import { HubApi } from '@threadline/hub/demo-api';
import { readDay, type SampleDay } from '@threadline/hub/demo-day';
import { deliver } from '@threadline/hub/demo-play';
import { missingForCluster, startCluster, type Cluster } from '../support/cluster.js';
import { startHub, TEST_KEY, type TestHub } from '../support/hub.js';
import { needed } from '../support/needing.js';
import { everything, type Questions } from '../support/same-answers.js';

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

const QUESTIONS: Questions = {
  cards: ['', '?explain=true', '?asOf=2026-03-02T12:00:00Z'],
  timelines: [
    { order: 'desc', limit: '7' },
    { order: 'asc', channel: 'store', limit: '7' },
  ],
  searches: ['coat', '大衣', 'ana', 'manteau'],
};

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
    const expected = await everything(alone, alone.position, QUESTIONS);
    const found = await everything(new HubApi(api.url, TEST_KEY), head, QUESTIONS);
    assert.ok(expected.size > 100);
    for (const [what, answer] of expected) assert.equal(found.get(what), answer, what);
    assert.equal(found.size, expected.size);
  });
});
