import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { RedisVault } from '@threadline/vault/redis-vault';
import { LoopDisk } from '../faults/loop-disk.js';
import { missingForDisks } from '../faults/machine.js';
import { brokenBuild } from '../support/broken-build.js';
import { needing } from '../support/needing.js';
import { missingRedis, startRedis, type RedisServers } from '../support/redis-servers.js';
import { allThere, startWriters, type VaultClass } from '../support/redis-vault-properties.js';
import { someName } from '../support/redis-vaults.js';

async function endOf(servers: RedisServers): Promise<void> {
  const pid = servers.pid(1);
  try {
    servers.kill(1);
    // Nothing is sent by signal 0; it fails when nobody is there.
    for (;;) {
      process.kill(pid, 0);
      await delay(10);
    }
  } catch (error) {
    // It ends by itself when it cannot write its file any more.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Pulls the plug of the Redis's disk while keys are made; what was answered for before is there afterwards. */
async function survivesPowerCut(build: VaultClass, flags: readonly string[]): Promise<void> {
  const disk = new LoopDisk(64);
  const servers = await startRedis('single', ['--dir', disk.mount, ...flags]);
  try {
    const name = someName();
    const writers = await startWriters(servers.url, name, build);
    await writers.more(200);
    // Past the first second, after which a Redis that syncs once a second has begun to keep something.
    await delay(1_300);
    await writers.more(200);
    disk.cutPower();
    const before = [...writers.committed];
    await endOf(servers);
    disk.restart();
    await servers.start(1, ['--dir', disk.mount]);
    await writers.more(100);
    await writers.stop();
    await allThere(servers.url, name, before);
    await allThere(servers.url, name, writers.committed);
  } finally {
    await servers.dispose();
    await disk.remove();
  }
}

describe("a power cut of the disk of the vault's Redis", () => {
  const missing = missingForDisks() ?? missingRedis();

  it('loses no key that commit answered for', ...needing(missing, () => survivesPowerCut(RedisVault, [])));

  it(
    'twin: loses some where a Redis that syncs once a second is not refused',
    ...needing(missing, async () => {
      const url = import.meta.resolve('@threadline/vault/redis-vault');
      const build = await brokenBuild<{ RedisVault: VaultClass }>('everysec is let through', url, [
        { file: 'libs/vault/dist/redis/settings.js', find: 'config.get(name) !== value', put: 'false' },
      ]);
      // It loses what it took since the last second was full; now and then that is nothing.
      const lost = async (): Promise<boolean> =>
        survivesPowerCut(build.RedisVault, ['--appendfsync', 'everysec']).then(
          () => false,
          (error: unknown) => {
            assert.equal((error as Error).name, 'AssertionError', String(error));
            return true;
          },
        );
      let found = false;
      for (let tries = 0; tries < 12 && !found; tries++) found = await lost();
      assert.ok(found);
    }),
  );
});
