import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { loadConfig } from '@threadline/platform/config';
import { Projector } from '@threadline/read-store/projector';
import { RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import type { WorkingCopy } from '@threadline/read-store/redis/take-over';
import { loadMasterKey } from '@threadline/vault/master-key';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { missingRedis, startRedis } from '../support/redis-servers.js';
import type { Figure } from './figures.js';

/** As the read models' Redis is run: they are made again where they are lost. */
export const UNDURABLE = ['--appendonly', 'no', '--save', ''];

/**
 * How many events a second one projector of a cluster takes in, alone and publishing what it projects to Redis, and how
 * fast an emptied Redis is filled: what says when a projector has to be divided.
 */
export async function publish(
  folder: string,
  events: number,
  say: (text: string) => void,
): Promise<Figure[]> {
  const missing = missingRedis();
  if (missing !== undefined) {
    say(`nothing is published: ${missing}`);
    return [];
  }
  const redis = await startRedis('single', UNDURABLE);
  const log = SqliteLogReader.open({ folder });
  const masterKey = loadMasterKey(loadConfig({ THREADLINE_DATA: folder }));
  const vault = await SqliteVault.open({ folder, masterKey, readOnly: true });
  const figures: Figure[] = [];
  const figure = (name: string, ms: number): void => {
    figures.push({ name, events, value: (log.headPosition() / ms) * 1_000, unit: 'events/s' });
  };
  try {
    for (const url of [undefined, redis.url]) {
      for (const name of readdirSync(folder))
        if (/^(customers|search)\.db|^models\.json$/.test(name)) rmSync(join(folder, name));
      const projector = Projector.open({ folder, log, vault, now: Date.now });
      const copy: WorkingCopy = {
        model: projector.model,
        redrive: (stream) => projector.redrive(stream),
        head: () => log.headPosition(),
      };
      let publisher = url === undefined ? undefined : await RedisPublisher.open({ url, token: 1 });
      const began = performance.now();
      while (projector.checkpoint < log.headPosition()) {
        await projector.next();
        await publisher?.publish(copy);
      }
      figure(
        publisher === undefined ? 'projected' : 'projected and published to Redis',
        performance.now() - began,
      );
      publisher?.close();
      if (url !== undefined) {
        publisher = await RedisPublisher.open({ url, token: 2, name: 'again' });
        const filled = performance.now();
        await publisher.publish(copy);
        figure('an empty Redis filled', performance.now() - filled);
        publisher.close();
      }
      projector.close();
    }
    return figures;
  } finally {
    await vault.close();
    await log.close();
    await redis.dispose();
  }
}
