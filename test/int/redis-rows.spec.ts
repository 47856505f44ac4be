import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { customerRowsContract } from '@threadline/read-store/customers/customer-rows-contract';
import { PATIENCE, RedisDriver } from '@threadline/read-store/redis/driver';
import { CombinedSummaries, RedisCustomerRows } from '@threadline/read-store/redis/redis-customer-rows';
import { modelName, RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import { liveMoment, Session } from '@threadline/read-store/redis/session';
import { withRedis } from '../support/redis-servers.js';

for (const shape of ['single', 'cluster'] as const)
  withRedis(`read models in a Redis (${shape})`, shape, ['--appendonly', 'no'], (servers) => {
    customerRowsContract('RedisCustomerRows', async ({ projector, store }) => {
      const { url } = servers();
      const name = `test-${randomBytes(6).toString('hex')}`;
      const publisher = await RedisPublisher.open({ url, name, token: 1 });
      await publisher.publish({
        model: projector.model,
        redrive: (stream) => projector.redrive(stream),
        head: () => store.headPosition(),
      });
      publisher.close();
      const driver = await RedisDriver.connect(url, PATIENCE);
      const moment = await liveMoment(driver, modelName(name));
      assert.ok(moment);
      const rows = new RedisCustomerRows(
        new Session(driver, moment, modelName(name)),
        new CombinedSummaries(),
      );
      return { rows, close: async () => driver.close() };
    });
  });
