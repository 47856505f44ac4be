import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { PATIENCE as OF_REDIS, RedisDriver } from '@threadline/read-store/redis/driver';
import { modelName } from '@threadline/read-store/redis/redis-publisher';
import { liveMoment } from '@threadline/read-store/redis/session';
import { missingForCluster, startCluster, type Cluster } from '../support/cluster.js';
import { needed } from '../support/needing.js';
import { flushRedis } from '../support/redis-servers.js';
import { read, send } from '../support/send.js';
import type { ServiceProcess } from '../support/service-process.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { watch } from '../support/watch.js';

/** Milliseconds until something must have happened. */
const PATIENCE = 30_000;
const JSON_TYPE = { 'content-type': 'application/json' };

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(20)) {
    const found = await look();
    if (found !== undefined) return found;
  }
  throw new Error(`waited in vain for ${what}`);
}

const named = (): string => `${randomUUID()}@example.org`;
const email = (value: string): JsonObject => ({ kind: 'email', value });

const chat = (value: string, text = 'Hello'): { id: string; type: string; data: JsonObject } => ({
  id: randomUUID(),
  type: 'chat.message',
  data: { identifiers: [email(value)], content: { text }, store: 'regent-street' },
});

describe(
  'the reads of a cluster, from the log over the projector to any api',
  needed(missingForCluster()),
  () => {
    let cluster: Cluster;
    let gateway: ServiceProcess;
    let projectors: ServiceProcess[];
    let apis: [ServiceProcess, ServiceProcess];

    before(async () => {
      cluster = await startCluster();
      [gateway] = await Promise.all([cluster.start('gateway'), cluster.start('ingest')]);
      projectors = [await cluster.start('projector')];
      projectors.push(await cluster.start('projector'));
      apis = [await cluster.start('api'), await cluster.start('api')];
    });
    after(() => cluster?.dispose());

    const post = (events: readonly ReturnType<typeof chat>[]): Promise<string> =>
      send(gateway, events, '?wait=log');

    const everywhere = async (path: string): Promise<JsonObject> => {
      const [one, other] = await Promise.all(apis.map((api) => read(api, path)));
      assert.deepEqual(one, other);
      return one as JsonObject;
    };

    const decide = async (what: 'links' | 'unlinks', values: readonly string[]): Promise<string> => {
      const body = JSON.stringify({ parties: values.map(email), reason: 'the desk knows' });
      const response = await apis[0].fetch(`/v1/identity/${what}`, {
        method: 'POST',
        headers: JSON_TYPE,
        body,
      });
      const answer = (await response.json()) as JsonObject;
      assert.equal(response.status, 202, JSON.stringify(answer));
      return answer['position'] as string;
    };

    const isActive = async (projector: ServiceProcess): Promise<boolean> =>
      /^threadline_projector_active 1$/m.test(await (await projector.fetch('/metrics')).text());

    it('are the same from every api, once the position that was answered is reached', async () => {
      const who = named();
      const position = await post([chat(who, 'the blue coat'), chat(who, 'and the red one')]);
      const card = await everywhere(`/v1/customers/by/email/${who}?minPosition=${position}`);
      assert.deepEqual(card['counts'], { chat: 2 });
      const { entries } = await everywhere(`/v1/customers/${card['id'] as string}/timeline`);
      assert.equal((entries as JsonObject[]).length, 2);
      const { customers } = await everywhere(`/v1/customers?q=${encodeURIComponent(who)}`);
      assert.deepEqual(
        (customers as JsonObject[]).map(({ id }) => id),
        [card['id']],
      );
      await everywhere(`/v1/customers/${card['id'] as string}?explain=true`);
      await everywhere(`/v1/customers/${card['id'] as string}/identity?knownAt=${position}`);
    });

    it('know what people decide, and what is taken back', async () => {
      const [one, other] = [named(), named()];
      await post([chat(one), chat(other)]);
      const linked = await decide('links', [one, other]);
      const path = `/v1/customers/by/email/${one}`;
      assert.deepEqual((await everywhere(`${path}?minPosition=${linked}`))['counts'], { chat: 2 });
      const unlinked = await decide('unlinks', [other]);
      assert.deepEqual((await everywhere(`${path}?minPosition=${unlinked}`))['counts'], { chat: 1 });
      assert.deepEqual((await everywhere(`${path}?knownAt=${linked}`))['counts'], { chat: 2 });
    });

    it('are pushed by every api, and gone on with at another', async () => {
      const who = named();
      const watchers = await Promise.all(apis.map((api) => watch(api)));
      const [first, second] = [chat(who), chat(who)];
      const position = await post([first]);
      const seen = await Promise.all(
        watchers.map((watcher) => watcher.until((all) => all.some(({ id }) => id === position))),
      );
      assert.deepEqual(seen[0], seen[1]);
      watchers.forEach((watcher) => watcher.close());
      const later = await post([second]);
      const resumed = await watch(apis[1], '', position);
      const pushed = await resumed.until((all) => all.some(({ event }) => event === 'customer.changed'));
      assert.deepEqual([...new Set(pushed.map(({ id }) => id))], [later]);
      resumed.close();
    });

    it('are pushed when they can be read again, and nothing is left out', async () => {
      const who = named();
      const from = await post([chat(named())]);
      const position = await post([chat(who)]);
      await everywhere(`/v1/customers/by/email/${who}?minPosition=${position}`);
      cluster.reads.kill(1);
      const watcher = await watch(apis[0], '', from);
      // Longer than a read waits for a Redis that is not there.
      await delay(OF_REDIS.total + 1_000);
      assert.deepEqual(watcher.pushed, []);
      await cluster.reads.start(1);
      const pushed = await watcher.until((all) => all.some(({ event }) => event === 'customer.changed'));
      assert.deepEqual([...new Set(pushed.map(({ id }) => id))], [position]);
      watcher.close();
    });

    it('leave out what has the name of another event, and show it to nobody', async () => {
      const who = named();
      const one = { ...chat(who), data: { ...chat(who).data, object: randomUUID() } };
      await post([one]);
      const other = { ...one, data: { ...one.data, object: randomUUID() } };
      const position = await post([other, chat(who)]);
      const card = await everywhere(`/v1/customers/by/email/${who}?minPosition=${position}`);
      assert.deepEqual(card['counts'], { chat: 2 });
      const { events } = await everywhere('/v1/events?limit=10000');
      assert.equal((events as JsonObject[]).filter(({ id }) => id === one.id).length, 1);
    });

    it('ask the active projector for what only it can tell or do', async () => {
      const api = apis[1];
      assert.equal((await api.fetch('/v1/parked')).status, 200);
      const redriven = await api.fetch(`/v1/parked/${'0'.repeat(32)}/redrive`, { method: 'POST' });
      assert.equal(redriven.status, 404);
      await read(api, '/v1/identity/suggestions');
      const rebuild = await api.fetch('/v1/admin/rebuild', { method: 'POST' });
      const steps = (await rebuild.text()).trim().split('\n');
      assert.deepEqual(JSON.parse(steps.at(-1) ?? ''), { phase: 'done' });
      const who = named();
      const position = await post([chat(who)]);
      assert.deepEqual(
        (await everywhere(`/v1/customers/by/email/${who}?minPosition=${position}`))['counts'],
        {
          chat: 1,
        },
      );
    });

    it('take keys and identity rules that are made at one api everywhere', async () => {
      const body = JSON.stringify({ scopes: ['read'] });
      const made = (await (
        await apis[0].fetch('/v1/keys', { method: 'POST', headers: JSON_TYPE, body })
      ).json()) as {
        key: string;
      };
      const headers = { authorization: `Bearer ${made.key}` };
      await until('the key', async () =>
        (await apis[1].fetch('/v1/customers?limit=1', { headers })).status === 200 ? true : undefined,
      );
      const rules = JSON.stringify({ name: 'one-address', version: 1, limits: { email: 1 } });
      const applied = await apis[0].fetch('/v1/identity/rules', {
        method: 'POST',
        headers: JSON_TYPE,
        body: rules,
      });
      const { position } = (await applied.json()) as { position: string };
      const page = await everywhere(`/v1/identity/rules?minPosition=${position}`);
      assert.equal((page['rules'] as JsonObject)['name'], 'one-address');
    });

    /** Which build readers are answered from. */
    const build = async (): Promise<string | undefined> => {
      const driver = await RedisDriver.connect(cluster.reads.url, OF_REDIS);
      try {
        return (await liveMoment(driver, modelName()))?.build;
      } finally {
        driver.close();
      }
    };

    it('go on within ten seconds where the active projector is killed, with what it had published', async () => {
      const active = await until('an active projector', async () => {
        for (const projector of projectors) if (await isActive(projector)) return projector;
        return undefined;
      });
      const standby = projectors.find((projector) => projector !== active) as ServiceProcess;
      const who = named();
      await post([chat(who)]);
      const before = await build();
      await active.end('SIGKILL');
      const position = await post([chat(who)]);
      const began = Date.now();
      await until('the other projector', async () => ((await isActive(standby)) ? true : undefined));
      assert.ok(Date.now() - began < 10_000);
      const seen = await until('what came since', async () => {
        const response = await apis[0].fetch(`/v1/customers/by/email/${who}?minPosition=${position}`);
        return response.status === 200 ? ((await response.json()) as JsonObject) : undefined;
      });
      assert.deepEqual(seen['counts'], { chat: 2 });
      assert.equal(await build(), before, 'nothing is published twice');
    });

    it('are 503 while a Redis that was emptied is filled again, and never anybody else', async () => {
      const who = named();
      const position = await post([chat(who)]);
      const path = `/v1/customers/by/email/${who}`;
      const before = await everywhere(`${path}?minPosition=${position}`);
      await flushRedis(cluster.reads.url);
      const answers = new Set<number>();
      await until('the card', async () => {
        const response = await apis[0].fetch(path);
        answers.add(response.status);
        const body = (await response.json()) as JsonObject;
        if (response.status !== 200) assert.equal(body['code'], 'not-built', JSON.stringify(body));
        else assert.deepEqual(body, before);
        return response.status === 200 && answers.size > 1 ? true : undefined;
      });
      assert.deepEqual([...answers], [503, 200]);
    });

    it('are 503 where the log is out of reach, and come by themselves when it is there again', async () => {
      const line = await TcpProxy.listen();
      line.leadTo(cluster.store.port);
      const env = { THREADLINE_EVENTSTORE: cluster.store.connection(undefined, line.port) };
      const api = await cluster.start('api', { env });
      const who = named();
      const path = `/v1/customers/by/email/${who}`;
      line.hush();
      const position = await post([chat(who)]);
      await everywhere(`${path}?minPosition=${position}`);
      const response = await api.fetch(path);
      assert.deepEqual(
        [response.status, ((await response.json()) as JsonObject)['code']],
        [503, 'log-behind'],
      );
      line.speak();
      const card = await until('the card', async () => {
        const answer = await api.fetch(`${path}?minPosition=${position}`);
        return answer.status === 200 ? ((await answer.json()) as JsonObject) : undefined;
      });
      assert.deepEqual(card['counts'], { chat: 1 });
      assert.equal(await api.end('SIGTERM'), 0);
      await line.close();
    });

    it('come back after an api was stopped and started again, and after all were', async () => {
      const who = named();
      const position = await post([chat(who)]);
      assert.equal(await apis[0].end('SIGTERM'), 0);
      apis[0] = await cluster.start('api');
      const card = await everywhere(`/v1/customers/by/email/${who}?minPosition=${position}`);
      assert.deepEqual(card['counts'], { chat: 1 });
    });
  },
);
