import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { VaultBusyError } from '@threadline/vault/errors';
import { RedisVault } from '@threadline/vault/redis-vault';
import { someParty } from '@threadline/vault/vault-contract';
import { brokenBuild, type Breakage } from '../support/broken-build.js';
import { withRedis, type RedisServers } from '../support/redis-servers.js';
import {
  allThere,
  command,
  oneKeyEach,
  openedAgain,
  replicaHasAll,
  saltsLeave,
  startWriters,
  type VaultClass,
} from '../support/redis-vault-properties.js';
import { openVault, someName } from '../support/redis-vaults.js';

const masterKey = randomBytes(32);
const DRIVER = 'libs/vault/dist/redis/driver.js';
const SCRIPTS = 'libs/vault/dist/redis/scripts.js';

async function broken(name: string, ...breakages: Breakage[]): Promise<VaultClass> {
  const url = import.meta.resolve('@threadline/vault/redis-vault');
  return (await brokenBuild<{ RedisVault: VaultClass }>(name, url, breakages)).RedisVault;
}

const caught = { name: 'AssertionError' };

/** Writes while every server is killed and started again, so many times each. */
async function killed(servers: RedisServers, name: string, times: number) {
  const writers = await startWriters(servers.url, name);
  await writers.more(100);
  for (let time = 0; time < times; time++) {
    for (let node = 1; node <= servers.ports.length; node++) {
      servers.kill(node);
      await servers.start(node);
      await writers.more(100);
    }
  }
  await writers.stop();
  return writers.committed;
}

withRedis('a vault whose Redis is killed under load', 'single', [], (servers) => {
  it('has every key that commit answered for', async () => {
    const name = someName();
    await allThere(servers().url, name, await killed(servers(), name, 4));
  });

  it('twin: a Redis whose file lost its end has not', async () => {
    const name = someName();
    const committed = await killed(servers(), name, 1);
    servers().kill(1);
    const folder = join(servers().folder, '1', 'appendonlydir');
    const file = readdirSync(folder).find((one) => one.endsWith('.incr.aof')) ?? '';
    truncateSync(join(folder, file), statSync(join(folder, file)).size - 10_000);
    await servers().start(1);
    await assert.rejects(allThere(servers().url, name, committed), caught);
  });
});

withRedis('a vault on a Redis Cluster whose nodes are killed under load', 'cluster', [], (servers) => {
  it('has every key that commit answered for', async () => {
    const name = someName();
    await allThere(servers().url, name, await killed(servers(), name, 1));
  });
});

const ONE_REPLICA = ['--min-replicas-to-write', '1'];

withRedis('a vault whose Redis has a replica', 'replicated', ONE_REPLICA, (servers) => {
  it('answers for nothing that the replica does not have', () => replicaHasAll(servers(), RedisVault));
});

withRedis('a vault that does not wait for the replica', 'replicated', ONE_REPLICA, (servers) => {
  it('twin: loses what it answered for', async () => {
    const build = await broken('no wait for replicas', {
      file: DRIVER,
      find: 'replicas: replicasDemanded(settings)',
      put: 'replicas: 0',
    });
    await assert.rejects(replicaHasAll(servers(), build), caught);
  });
});

withRedis('a vault of several processes', 'single', [], (servers) => {
  it('makes one key for each party', () => oneKeyEach(servers().url, RedisVault));

  it('twin: several, where the script does not look', async () => {
    const build = await broken('keys are not looked for', {
      file: SCRIPTS,
      find: 'if known then',
      put: 'if false then',
    });
    await assert.rejects(oneKeyEach(servers().url, build), caught);
  });
});

withRedis('a destroyed key', 'single', [], (servers) => {
  it('leaves no salt in the files', () => saltsLeave(servers(), RedisVault));

  it('leaves none in the snapshots either, where there are any', async () => {
    await command(servers().url, 'CONFIG', 'SET', 'save', '3600 1');
    await command(servers().url, 'SAVE');
    await saltsLeave(servers(), RedisVault, async () => {
      assert.ok(readdirSync(join(servers().folder, '1')).includes('dump.rdb'));
    });
    await command(servers().url, 'CONFIG', 'SET', 'save', '');
  });

  it('twin: leaves its salt where the files are not written anew, until somebody opens the vault', async () => {
    const build = await broken('files are not written anew', {
      file: 'libs/vault/dist/redis-vault.js',
      find: "if (traces?.toString() === '1') await this.#scrub();",
      put: '',
    });
    await assert.rejects(saltsLeave(servers(), build), caught);
    await saltsLeave(servers(), build, openedAgain(servers().url));
  });
});

withRedis('a destroyed key in a cluster', 'cluster', [], (servers) => {
  it('leaves no salt in the files of any node', () => saltsLeave(servers(), RedisVault));
});

withRedis('a vault whose Redis hangs', 'single', [], (servers) => {
  it('says so in time, and goes on when it answers again', async () => {
    const patience = { answer: 300, total: 900 };
    const vault = await openVault({ url: servers().url, masterKey, name: someName(), patience });
    try {
      const party = someParty(vault);
      servers().kill(1, 'SIGSTOP');
      await assert.rejects(vault.handlesFor([party]), VaultBusyError);
      await assert.rejects(vault.keys([1]), VaultBusyError);
      servers().kill(1, 'SIGCONT');
      const [handle = 0] = await vault.handlesFor([party]);
      await vault.commit();
      assert.deepEqual(await vault.find([party.party]), [handle]);
      assert.equal((await vault.keys([handle])).party(handle)?.value, party.value);
    } finally {
      servers().kill(1, 'SIGCONT');
      await vault.close();
    }
  });
});

withRedis('a vault whose Redis is full', 'single', [], (servers) => {
  it('makes no keys for now, and can still destroy them', async () => {
    const vault = await openVault({ url: servers().url, masterKey, name: someName() });
    try {
      const [handle = 0] = await vault.handlesFor([someParty(vault)]);
      await command(servers().url, 'CONFIG', 'SET', 'maxmemory', '1');
      await assert.rejects(vault.handlesFor([someParty(vault)]), VaultBusyError);
      assert.equal(await vault.destroy(handle), true);
      await command(servers().url, 'CONFIG', 'SET', 'maxmemory', '0');
      await vault.handlesFor([someParty(vault)]);
    } finally {
      await vault.close();
    }
  });
});
