import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Calls, CallFailedError, NoAnswerError } from '@threadline/read-store/redis/calls';
import { Lease } from '@threadline/read-store/redis/lease';
import { flushRedis, withRedis } from '../support/redis-servers.js';

const LASTS = 300;

withRedis('a lease on Redis', 'single', [], (servers) => {
  const open = (name: string): Promise<Lease> =>
    Lease.open({ url: servers().url, name, holder: randomUUID(), lasts: LASTS });

  it('is had by one at a time, who keeps it', async () => {
    const name = randomUUID();
    const leases = await Promise.all(Array.from({ length: 8 }, () => open(name)));
    try {
      const tokens = await Promise.all(leases.map((lease) => lease.take()));
      const held = tokens.filter((token) => token !== undefined);
      assert.equal(held.length, 1);
      const holder = leases[tokens.indexOf(held[0])] as Lease;
      for (let times = 0; times < 5; times++) {
        await delay(LASTS / 3);
        assert.equal(await holder.take(), held[0]);
        const others = await Promise.all(leases.filter((one) => one !== holder).map((lease) => lease.take()));
        assert.deepEqual(new Set(others), new Set([undefined]));
      }
    } finally {
      for (const lease of leases) lease.close();
    }
  });

  it('passes on with a greater token: when it is given back, when its holder is silent, when the Redis is empty', async () => {
    const name = randomUUID();
    const [one, other] = [await open(name), await open(name)];
    try {
      const first = (await one.take()) as number;
      await one.release();
      const second = (await other.take()) as number;
      assert.ok(second > first);
      assert.equal(await one.take(), undefined);
      let third: number | undefined;
      while (third === undefined) third = await one.take();
      assert.ok(third > second, 'after a while of silence');
      await flushRedis(servers().url);
      const fourth = (await other.take()) as number;
      assert.ok(fourth > third, 'also where nothing is known any more');
    } finally {
      one.close();
      other.close();
    }
  });
});

withRedis('calls of the active projector over Redis', 'single', [], (servers) => {
  const masterKey = Buffer.alloc(32, 3);
  const SECRET = 'quirinius.vane@example.org';

  it('bring answers, steps and failures, and lie nowhere in clear', async () => {
    const name = randomUUID();
    const [asking, serving] = [
      await Calls.open({ url: servers().url, masterKey, name }),
      await Calls.open({ url: servers().url, masterKey, name }),
    ];
    const stop = new AbortController();
    const failed: unknown[] = [];
    const served = serving.serveAll(
      {
        echo: async (argument) => argument,
        long: async (_, tell) => {
          for (const step of [1, 2, 3]) await tell(step);
        },
        wrong: () =>
          Promise.reject(Object.assign(new Error('no'), { code: 'wrong', retriable: true, status: 409 })),
      },
      { signal: stop.signal, isActive: () => true, failed: (error) => failed.push(error) },
    );
    try {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, number) => asking.call('echo', { number, who: SECRET }, 10_000)),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 20 }, (_, number) => ({ number, who: SECRET })),
      );
      const steps: unknown[] = [];
      assert.equal(await asking.call('long', null, 10_000, (step) => steps.push(step)), null);
      assert.deepEqual(steps, [1, 2, 3]);
      await assert.rejects(asking.call('wrong', null, 10_000), (error: CallFailedError) => {
        assert.deepEqual(
          [error.code, error.retriable, error.status, error.message],
          ['wrong', true, 409, 'no'],
        );
        return true;
      });
      assert.deepEqual(failed, []);
      for (const path of await readdir(servers().folder, { recursive: true, withFileTypes: true })) {
        if (!path.isFile()) continue;
        const bytes = await readFile(join(path.parentPath, path.name));
        assert.ok(!bytes.includes(SECRET), path.name);
      }
    } finally {
      stop.abort();
      await served;
      asking.close();
      serving.close();
    }
  });

  it('are given up where nobody answers, and not carried out afterwards', async () => {
    const name = randomUUID();
    const calls = await Calls.open({ url: servers().url, masterKey, name });
    try {
      await assert.rejects(calls.call('echo', 1, 100), NoAnswerError);
      let carriedOut = 0;
      const handlers = { echo: async (): Promise<void> => void carriedOut++ };
      assert.equal(await calls.serve(handlers, assert.ifError), true);
      assert.equal(await calls.serve(handlers, assert.ifError), false);
      assert.equal(carriedOut, 0);
    } finally {
      calls.close();
    }
  });
});
