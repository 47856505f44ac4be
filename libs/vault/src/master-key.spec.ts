import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, beforeEach, describe, it } from 'node:test';
import { exitCodeOf } from '@threadline/platform/errors';
import { MasterKeyError } from './errors.js';
import { loadMasterKey, masterKeyPath, rotateMasterKey } from './master-key.js';
import { SqliteVault } from './sqlite-vault.js';
import { someParty } from './vault-contract.js';
import { openVaultFile } from './vault-file.js';
import { unwrap, wrap } from './vault-keys.js';

const root = mkdtempSync(join(tmpdir(), 'threadline-master-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folder = '';
beforeEach(() => (folder = mkdtempSync(join(root, 'folder-'))));

const load = (): Buffer => loadMasterKey({ folder });
const base64 = (key: Uint8Array): string => Buffer.from(key).toString('base64');

describe('the master key', () => {
  it('is made once, for the owner alone, where nothing is configured', () => {
    const key = load();
    assert.equal(key.length, 32);
    assert.deepEqual(load(), key);
    assert.deepEqual(readdirSync(folder), ['master.key']);
    assert.equal(statSync(masterKeyPath(folder)).mode & 0o777, 0o600);
    chmodSync(masterKeyPath(folder), 0o644);
    load();
    assert.equal(statSync(masterKeyPath(folder)).mode & 0o777, 0o600);
  });

  it('is the variable, or what its file holds', () => {
    const key = randomBytes(32);
    assert.deepEqual(loadMasterKey({ folder, masterKey: key }), key);
    const masterKeyFile = join(folder, 'elsewhere.txt');
    writeFileSync(masterKeyFile, `  ${base64(key)}\n`);
    assert.deepEqual(loadMasterKey({ folder, masterKeyFile }), key);
    assert.deepEqual(readdirSync(folder), ['elsewhere.txt']);
  });

  it('is refused, with exit code 78, where the file is missing beside a vault or holds something else', async () => {
    const refused = (message: RegExp, run: () => unknown): void =>
      assert.throws(run, (error: Error) => {
        assert.ok(error instanceof MasterKeyError);
        assert.match(error.message, message);
        assert.equal(exitCodeOf(error), 78);
        return true;
      });
    const key = load();
    await (await SqliteVault.open({ folder, masterKey: key })).close();
    rmSync(masterKeyPath(folder));
    refused(/master\.key is missing/, load);
    assert.equal(readdirSync(folder).includes('master.key'), false, 'none is made in its place');
    for (const content of ['', base64(randomBytes(31)), base64(randomBytes(33)), 'not base64 at all']) {
      writeFileSync(masterKeyPath(folder), content);
      refused(/does not hold a master key/, load);
    }
    refused(/cannot be read/, () => loadMasterKey({ folder, masterKeyFile: join(folder, 'none') }));
  });
});

describe('rotating the master key', () => {
  const old = randomBytes(32);
  const next = randomBytes(32);
  const opens = async (masterKey: Buffer): Promise<boolean> => {
    try {
      await (await SqliteVault.open({ folder, masterKey, readOnly: true })).close();
      return true;
    } catch (error) {
      assert.ok(error instanceof MasterKeyError);
      return false;
    }
  };

  it('keeps ids, keys and what they sealed; afterwards only the new one opens, and no old wrap is left', async () => {
    writeFileSync(masterKeyPath(folder), base64(old));
    let vault = await SqliteVault.open({ folder, masterKey: load() });
    const party = someParty(vault);
    const [handle = 0] = await vault.handlesFor([party]);
    await vault.commit();
    const box = (await vault.keys([handle])).seal(handle, 'e', 'words');
    const id = vault.hash('event', 's', '1');
    await vault.close();
    const db = new DatabaseSync(join(folder, 'vault.db'), { readOnly: true });
    const wraps = db.prepare('SELECT box FROM wrapped_key').all() as { box: Uint8Array }[];
    db.close();
    assert.equal(wraps.length, 2);

    await rotateMasterKey(folder, old, next);
    assert.deepEqual(load(), next);
    assert.equal(await opens(old), false);
    vault = await SqliteVault.open({ folder, masterKey: next });
    assert.equal(vault.hash('event', 's', '1'), id);
    assert.deepEqual(await vault.find([party.party]), [handle]);
    assert.equal((await vault.keys([handle])).open(handle, 'e', box), 'words');
    await vault.close();
    for (const name of readdirSync(folder)) {
      const content = readFileSync(join(folder, name));
      assert.ok(wraps.every((wrap) => content.indexOf(wrap.box) === -1));
    }
  });

  it('replaces only a file that holds the old key', async () => {
    const file = join(folder, 'elsewhere');
    const other = base64(randomBytes(32));
    writeFileSync(masterKeyPath(folder), other);
    writeFileSync(file, base64(old));
    await (await SqliteVault.open({ folder, masterKey: old })).close();
    await rotateMasterKey(folder, old, next, file);
    assert.equal(readFileSync(file, 'utf8').trim(), base64(next));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await rotateMasterKey(folder, next, old);
    assert.equal(readFileSync(masterKeyPath(folder), 'utf8'), other);
    assert.equal(await opens(old), true);
  });

  it('refuses a key that does not open the vault, and a folder without one, changing nothing', async () => {
    await assert.rejects(rotateMasterKey(folder, old, next), MasterKeyError);
    await (await SqliteVault.open({ folder, masterKey: old })).close();
    await assert.rejects(rotateMasterKey(folder, next, randomBytes(32)), MasterKeyError);
    assert.equal(await opens(old), true);
  });

  describe('that dies half-way', () => {
    /** The state after the first step, the only one that lasts: both wraps are in the vault. */
    beforeEach(async () => {
      writeFileSync(masterKeyPath(folder), base64(old));
      await (await SqliteVault.open({ folder, masterKey: old })).close();
      const db = openVaultFile(folder, () => assert.fail('it is there'));
      wrap(db, 2, next, unwrap(db, old).keys);
      db.close();
    });

    it('before the file was replaced: the old key goes on, and can be rotated again', async () => {
      await (await SqliteVault.open({ folder, masterKey: load() })).close();
      assert.deepEqual([await opens(old), await opens(next)], [true, true]);
      const third = randomBytes(32);
      await rotateMasterKey(folder, load(), third);
      assert.deepEqual(load(), third);
      assert.deepEqual([await opens(old), await opens(next), await opens(third)], [false, false, true]);
    });

    it('after the file was replaced: the start with the new key completes it', async () => {
      writeFileSync(masterKeyPath(folder), base64(next));
      await (await SqliteVault.open({ folder, masterKey: load() })).close();
      assert.deepEqual([await opens(old), await opens(next)], [false, true]);
    });
  });
});
