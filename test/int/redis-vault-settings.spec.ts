import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { exitCodeOf, isRetriable } from '@threadline/platform/errors';
import {
  MasterKeyError,
  VaultBusyError,
  VaultMissingError,
  VaultSettingsError,
} from '@threadline/vault/errors';
import { RedisVault } from '@threadline/vault/redis-vault';
import { someParty } from '@threadline/vault/vault-contract';
import { brokenBuild } from '../support/broken-build.js';
import { command, emptyingIsNoticed, type VaultClass } from '../support/redis-vault-properties.js';
import { withRedis } from '../support/redis-servers.js';
import { openVault, someName } from '../support/redis-vaults.js';

const masterKey = randomBytes(32);
const PATIENT = { answer: 500, total: 1_000 };

/** Refused, with exit code 74 and a message that names what is wrong. */
const refused =
  (...words: RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof VaultSettingsError, String(error));
    assert.equal(exitCodeOf(error), 74);
    assert.equal(error.fatal, true);
    for (const word of words) assert.match(error.message, word);
    return true;
  };

const WEAK: readonly (readonly [flags: string[], said: RegExp])[] = [
  [['--appendonly', 'no'], /appendonly must be yes, and is no/],
  [['--appendfsync', 'everysec'], /appendfsync must be always, and is everysec/],
  [['--appendfsync', 'no'], /appendfsync must be always, and is no/],
  [['--no-appendfsync-on-rewrite', 'yes'], /no-appendfsync-on-rewrite must be no, and is yes/],
  [['--maxmemory-policy', 'allkeys-lru'], /maxmemory-policy must be noeviction, and is allkeys-lru/],
];

withRedis('a Redis that keeps less than every write', 'single', [], (servers) => {
  for (const [flags, said] of WEAK) {
    it(`is refused: ${flags.join(' ').replaceAll('--', '')}`, async () => {
      servers().kill(1);
      await servers().start(1, flags);
      await assert.rejects(openVault({ url: servers().url, masterKey, name: someName() }), refused(said));
      await assert.rejects(
        RedisVault.open({ url: servers().url, masterKey, name: someName(), readOnly: true }),
        refused(said),
      );
    });
  }

  it('is told everything that is wrong at once', async () => {
    servers().kill(1);
    await servers().start(1, ['--appendfsync', 'everysec', '--maxmemory-policy', 'volatile-ttl']);
    await assert.rejects(
      openVault({ url: servers().url, masterKey }),
      refused(/appendfsync/, /volatile-ttl/),
    );
  });

  it('is noticed after a reconnect, before anything is answered, and from then on nothing is', async () => {
    servers().kill(1);
    await servers().start(1);
    const vault = await openVault({ url: servers().url, masterKey, name: someName() });
    try {
      await vault.handlesFor([someParty(vault)]);
      await vault.commit();
      servers().kill(1);
      await servers().start(1, ['--appendfsync', 'everysec']);
      await assert.rejects(vault.handlesFor([someParty(vault)]), refused(/everysec/));
      servers().kill(1);
      await servers().start(1);
      await vault.handlesFor([someParty(vault)]);
      await vault.commit();
    } finally {
      await vault.close();
    }
  });

  it('twin: a vault that is not asked again goes on', async () => {
    const url = import.meta.resolve('@threadline/vault/redis-vault');
    const broken = await brokenBuild<{ RedisVault: VaultClass }>('settings are asked for once', url, [
      {
        file: 'libs/vault/dist/redis/driver.js',
        find: 'if (this.#demands.era === this.#era &&',
        put: 'if (this.#demands.era !== -1) return { ...this.#demands, era: this.#era };\n        if (false &&',
      },
    ]);
    servers().kill(1);
    await servers().start(1);
    const vault = await broken.RedisVault.open({
      ...{ url: servers().url, masterKey, name: someName() },
      logIsEmpty: () => Promise.resolve(true),
    });
    try {
      servers().kill(1);
      await servers().start(1, ['--appendfsync', 'everysec']);
      await vault.handlesFor([someParty(vault)]);
      await vault.commit();
    } finally {
      await vault.close();
    }
  });
});

withRedis('a Redis whose replica may lack what it answered', 'replicated', [], (servers) => {
  it('is refused', async () => {
    await assert.rejects(openVault({ url: servers().url, masterKey }), refused(/min-replicas-to-write/));
  });
});

withRedis('a Redis that is emptied', 'single', [], (servers) => {
  it('is noticed by whatever is asked', () => emptyingIsNoticed(servers().url, RedisVault));

  it('twin: a vault that does not look goes on with other keys', async () => {
    const url = import.meta.resolve('@threadline/vault/redis-vault');
    const broken = await brokenBuild<{ RedisVault: VaultClass }>('whose vault it is is not asked', url, [
      {
        file: 'libs/vault/dist/redis/scripts.js',
        find: "if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then",
        put: 'if false then',
      },
    ]);
    await assert.rejects(emptyingIsNoticed(servers().url, broken.RedisVault), { name: 'AssertionError' });
  });

  it('gets no new vault where the log holds events, and none unasked', async () => {
    const options = { url: servers().url, masterKey, name: someName() };
    const missing = (said: RegExp) => (error: unknown) => {
      assert.ok(error instanceof VaultMissingError, String(error));
      assert.equal(exitCodeOf(error), 74);
      assert.match(error.message, said);
      return true;
    };
    await assert.rejects(RedisVault.open({ ...options, patience: PATIENT }), missing(/there is no vault/));
    const logIsEmpty = (): Promise<boolean> => Promise.resolve(false);
    await assert.rejects(
      RedisVault.open({ ...options, logIsEmpty }),
      missing(/is empty, and the log cannot/),
    );
    assert.equal(await command(options.url, 'EXISTS', `{${options.name}}`), 0, 'nothing was begun');
  });

  it('is waited for by who may not begin the vault', async () => {
    const options = { url: servers().url, masterKey, name: someName() };
    const reader = RedisVault.open({ ...options, readOnly: true });
    const writer = await openVault(options);
    const party = someParty(writer);
    const handles = await writer.handlesFor([party]);
    assert.deepEqual(await (await reader).find([party.party]), handles);
    await (await reader).close();
    await writer.close();
  });

  it('takes the vault that somebody began while the log was asked', async () => {
    const options = { url: servers().url, masterKey, name: someName() };
    let first: RedisVault | undefined;
    const second = await RedisVault.open({
      ...options,
      // When the log is asked, the other has begun and written.
      logIsEmpty: async () => {
        first = await openVault(options);
        return false;
      },
    });
    const [handle = 0] = (await first?.handlesFor([someParty(second)])) ?? [];
    assert.ok((await second.keys([handle])).party(handle));
    await first?.close();
    await second.close();
  });

  it('is not opened by another master key, which changes nothing', async () => {
    const options = { url: servers().url, name: someName() };
    const vault = await openVault({ ...options, masterKey });
    const party = someParty(vault);
    const handles = await vault.handlesFor([party]);
    await vault.close();
    for (const readOnly of [false, true]) {
      await assert.rejects(
        openVault({ ...options, masterKey: randomBytes(32), readOnly }),
        (error: unknown) => {
          assert.ok(error instanceof MasterKeyError, String(error));
          assert.equal(exitCodeOf(error), 78);
          return true;
        },
      );
    }
    const again = await RedisVault.open({ ...options, masterKey });
    assert.deepEqual(await again.find([party.party]), handles);
    await again.close();
  });
});

withRedis('a Redis with a password', 'single', [], (servers) => {
  it('lets in who knows it', async () => {
    const url = new URL(servers().url);
    await command(url.href, 'CONFIG', 'SET', 'requirepass', 'secret-of-the-test');
    await assert.rejects(openVault({ url: url.href, masterKey }), refused(/does not let us in/));
    url.password = 'not-the-secret';
    await assert.rejects(openVault({ url: url.href, masterKey }), (error: unknown) => {
      assert.doesNotMatch(String(error), /not-the-secret/);
      return refused(/does not let us in/)(error);
    });
    url.password = 'secret-of-the-test';
    await (await openVault({ url: url.href, masterKey })).close();
  });
});

withRedis('a Redis that is not there', 'single', [], (servers) => {
  it('is asked again for a while, and then it is a retriable error with exit code 74', async () => {
    servers().kill(1);
    const opened = openVault({ url: servers().url, masterKey, patience: PATIENT });
    await assert.rejects(opened, (error: unknown) => {
      assert.ok(error instanceof VaultBusyError, String(error));
      assert.ok(isRetriable(error));
      assert.equal(exitCodeOf(error), 74);
      return true;
    });
  });

  it('is waited for where it comes in time', async () => {
    const opened = openVault({ url: servers().url, masterKey });
    await servers().start(1);
    await (await opened).close();
  });
});
