import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { Redis } from 'ioredis';
import { MasterKeyError, VaultMissingError } from '@threadline/vault/errors';
import { beginRotation, finishRotation } from '@threadline/vault/redis/rotation';
import { RedisVault } from '@threadline/vault/redis-vault';
import { someParty } from '@threadline/vault/vault-contract';
import { brokenBuild } from '../support/broken-build.js';
import { withRedis } from '../support/redis-servers.js';
import { inFiles } from '../support/redis-vault-properties.js';
import { openVault, someName } from '../support/redis-vaults.js';

interface Rotations {
  readonly finishRotation: typeof finishRotation;
}

withRedis('a master key of a vault on Redis', 'single', [], (servers) => {
  const given = (masterKey: Uint8Array) => ({ url: servers().url, masterKey, name: someName() });
  type Given = ReturnType<typeof given>;

  const opens = (vault: Given, masterKey: Uint8Array): Promise<boolean> =>
    RedisVault.open({ ...vault, masterKey, readOnly: true }).then(
      (opened) => opened.close().then(() => true),
      (error: unknown) => {
        assert.ok(error instanceof MasterKeyError, String(error));
        return false;
      },
    );

  /** The vault's keys as they lie there, under whichever master key. */
  async function wraps({ url, name }: Given): Promise<Buffer[]> {
    const redis = new Redis(url);
    const found = await redis.hmgetBuffer(`{${name}}`, 'root', 'naming', 'root.next', 'naming.next');
    redis.disconnect();
    return found.filter((wrap) => wrap !== null);
  }

  /** A file of the Redis holds one of them. */
  const liesInFiles = (some: readonly Buffer[]): boolean =>
    some.some((wrap) => inFiles(servers().folder, wrap));

  /** What was under the old key lies nowhere after a rotation. */
  async function leavesNothing(finish: Rotations['finishRotation']): Promise<void> {
    const [old, next] = [randomBytes(32), randomBytes(32)];
    const vault = given(old);
    await (await openVault(vault)).close();
    const before = await wraps(vault);
    assert.equal(before.length, 2);
    assert.ok(liesInFiles(before), 'they were never there');
    await beginRotation(vault, next);
    await finish({ ...vault, masterKey: next });
    assert.equal(liesInFiles(before), false, 'the keys under the old master key still lie in a file');
  }

  it('is rotated while processes have the vault open; what was sealed and every id stay', async () => {
    const [old, next] = [randomBytes(32), randomBytes(32)];
    const vault = given(old);
    const running = await openVault(vault);
    const parties = [someParty(running), someParty(running)];
    const [first] = (await running.handlesFor(parties.slice(0, 1))) as [number];
    const box = (await running.keys([first])).seal(first, 'e', 'words');
    const id = running.hash('event', 's', '1');

    await beginRotation(vault, next);
    assert.deepEqual([await opens(vault, old), await opens(vault, next)], [true, true]);
    const restarted = await RedisVault.open({ ...vault, masterKey: next });
    assert.equal(restarted.hash('event', 's', '1'), id);
    const [second] = (await restarted.handlesFor(parties.slice(1))) as [number];
    const other = (await restarted.keys([second])).seal(second, 'e', 'more');
    assert.equal((await running.keys([second])).open(second, 'e', other), 'more');

    await finishRotation({ ...vault, masterKey: next });
    assert.deepEqual([await opens(vault, old), await opens(vault, next)], [false, true]);
    assert.equal((await restarted.keys([first])).open(first, 'e', box), 'words');
    assert.deepEqual(
      await restarted.find(parties.map(({ party }) => party)),
      [first, second],
      'who has it open goes on',
    );
    await Promise.all([running.close(), restarted.close()]);
  });

  it('leaves nothing under the old one in a file', () => leavesNothing(finishRotation));

  it('is found where the files are not written anew', async () => {
    const url = import.meta.resolve('@threadline/vault/redis/rotation');
    const broken = await brokenBuild<Rotations>('a rotation leaves its traces', url, [
      {
        file: 'libs/vault/dist/redis/scripts.js',
        find: "'naming', ARGV[3], 'traces', '1')",
        put: "'naming', ARGV[3])",
      },
    ]);
    await assert.rejects(leavesNothing(broken.finishRotation), /still lie in a file/);
  });

  it('can be rotated again, whatever was cut short', async () => {
    const [old, lost, next] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const vault = given(old);
    await (await openVault(vault)).close();
    await beginRotation(vault, lost);
    const begun = await wraps(vault);
    await beginRotation(vault, lost);
    assert.deepEqual(await wraps(vault), begun, 'asked twice, the same is there');
    await beginRotation(vault, next);
    assert.deepEqual(
      [await opens(vault, old), await opens(vault, lost), await opens(vault, next)],
      [true, false, true],
    );
    await finishRotation({ ...vault, masterKey: next });
    await finishRotation({ ...vault, masterKey: next });
    assert.deepEqual([await opens(vault, old), await opens(vault, next)], [false, true]);
  });

  it('is refused, changing nothing, with a key that is not the one it takes', async () => {
    const [old, next, other] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const vault = given(old);
    await assert.rejects(beginRotation(vault, next), VaultMissingError);
    await (await openVault(vault)).close();
    await assert.rejects(beginRotation({ ...vault, masterKey: other }, next), MasterKeyError);
    await assert.rejects(beginRotation(vault, old), /is the one in use/);
    await assert.rejects(beginRotation(vault, randomBytes(31)), /exactly 32 bytes/);
    await beginRotation(vault, next);
    const begun = await wraps(vault);
    await assert.rejects(finishRotation(vault), /finish it with the new master key/);
    await assert.rejects(finishRotation({ ...vault, masterKey: other }), MasterKeyError);
    await assert.rejects(beginRotation({ ...vault, masterKey: next }, other), /is the one to come/);
    assert.deepEqual(await wraps(vault), begun);
  });
});
