import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { exitCodeOf } from '@threadline/platform/errors';
import { backupVault } from './backup-vault.js';
import { MasterKeyError, VaultFileError } from './errors.js';
import { foundInFiles } from './found-in-files.js';
import { scrub } from './scrub.js';
import { SqliteVault } from './sqlite-vault.js';
import { someParty, vaultContract } from './vault-contract.js';
import type { Handle } from './vault.js';

const root = mkdtempSync(join(tmpdir(), 'threadline-vault-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
function newFolder(): string {
  const folder = join(root, String(++folders));
  mkdirSync(folder);
  return folder;
}

for (const [name, held] of [
  ['SqliteVault', undefined],
  ['SqliteVault, its reader with keys held apart', 5],
] as const) {
  vaultContract(name, async (masterKey) => {
    const folder = newFolder();
    let vault = await SqliteVault.open({ folder, masterKey });
    return {
      vault,
      reader: () => SqliteVault.open({ folder, masterKey, readOnly: true, ...(held && { held }) }),
      reopened: async () => {
        await vault.close();
        return (vault = await SqliteVault.open({ folder, masterKey }));
      },
      close: () => vault.close(),
    };
  });
}

const masterKey = randomBytes(32);

/** The stored row of a key, by SQL of our own. */
function rowOf(folder: string, handle: Handle): { owner: Uint8Array; salt: Uint8Array } {
  const db = new DatabaseSync(join(folder, 'vault.db'), { readOnly: true });
  try {
    return db.prepare('SELECT owner, salt FROM sealing_key WHERE handle = ?').get(handle) as never;
  } finally {
    db.close();
  }
}

const fileHolds = (folder: string, bytes: Uint8Array): boolean =>
  readdirSync(folder).some((name) => readFileSync(join(folder, name)).indexOf(bytes) !== -1);

describe('the file of a SqliteVault', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 60 }).filter((one) => one.length >= 8);
  const values = fc.uniqueArray(value, { minLength: 1, maxLength: 20 });

  /** Rule 9 at rest: neither the vault nor its WAL nor its backup shows a value. */
  const nothingInClear = (tamper: (folder: string, one: string) => void) =>
    fc.asyncProperty(values, async (all) => {
      const folder = newFolder();
      const vault = await SqliteVault.open({ folder, masterKey });
      try {
        await vault.handlesFor(all.map((one) => someParty(vault, one)));
        await vault.commit();
        tamper(folder, all[0] ?? '');
        assert.ok(statSync(join(folder, 'vault.db-wal')).size > 0, 'the WAL is searched as well');
        await backupVault(folder, join(folder, 'backup'));
        assert.deepEqual(foundInFiles(folder, all), []);
      } finally {
        await vault.close();
      }
      assert.deepEqual(foundInFiles(folder, all), []);
    });

  it('shows no value in clear, nor do its WAL and its backup', async () => {
    await fc.assert(
      nothingInClear(() => undefined),
      { numRuns: 15 },
    );
  });

  it('twin: the same search finds a value that was not sealed, or only encoded', async () => {
    for (const encode of [(one: string) => one, (one: string) => Buffer.from(`x${one}`).toString('base64')]) {
      const broken = nothingInClear((folder, one) => {
        const db = new DatabaseSync(join(folder, 'vault.db'));
        db.prepare('UPDATE sealing_key SET box = ?').run(Buffer.from(encode(one)));
        db.close();
      });
      await assert.rejects(fc.assert(broken, { numRuns: 1, endOnFailure: true }), (error: Error) =>
        /vault\.db/.test(String(error.cause)),
      );
    }
  });

  it('holds neither salt nor id of a destroyed key, however full it is', async () => {
    const folder = newFolder();
    const vault = await SqliteVault.open({ folder, masterKey });
    const handles = await vault.handlesFor(Array.from({ length: 6_000 }, () => someParty(vault)));
    await vault.commit();
    const doomed = handles.filter((_, index) => index % 150 === 0);
    const rows = doomed.map((handle) => rowOf(folder, handle));
    assert.ok(
      rows.every(({ salt }) => fileHolds(folder, salt)),
      'they are there before',
    );
    await Promise.all(doomed.map((handle) => vault.destroy(handle)));
    for (const { salt, owner } of rows) {
      assert.equal(salt.length, 16);
      assert.equal(fileHolds(folder, salt), false);
      assert.equal(fileHolds(folder, owner), false);
    }
    assert.equal((await vault.keys(handles)).party(handles[1] as Handle)?.kind, 'email');
    await vault.close();
  });

  it('twin: a plain deletion leaves the salt in the file, and scrubbing removes it', async () => {
    for (const secretsKnown of [true, false]) {
      const folder = newFolder();
      const vault = await SqliteVault.open({ folder, masterKey });
      const [handle = 0] = await vault.handlesFor([someParty(vault), someParty(vault)]);
      await vault.commit();
      const { salt, owner } = rowOf(folder, handle);
      await vault.close();
      const db = new DatabaseSync(join(folder, 'vault.db'));
      db.exec('PRAGMA secure_delete = OFF');
      db.prepare('DELETE FROM sealing_key WHERE handle = ?').run(handle);
      db.exec('UPDATE destruction SET traces = 1; PRAGMA wal_checkpoint(TRUNCATE)');
      assert.equal(fileHolds(folder, salt), true);
      if (secretsKnown) await scrub(db, folder, [owner, salt]);
      db.close();
      // What died before it was searched is written anew by the next start.
      if (!secretsKnown) await (await SqliteVault.open({ folder, masterKey })).close();
      assert.equal(fileHolds(folder, salt), false);
      assert.equal(fileHolds(folder, owner), false);
    }
  });

  it('is not written when there is nothing to commit', async () => {
    const folder = newFolder();
    const vault = await SqliteVault.open({ folder, masterKey });
    const party = someParty(vault);
    await vault.handlesFor([party]);
    await vault.commit();
    const size = (): number => statSync(join(folder, 'vault.db-wal')).size;
    const before = size();
    await vault.handlesFor([party]);
    await vault.commit();
    assert.equal(size(), before);
    await vault.close();
  });

  it('can be read by its owner only', async () => {
    const folder = newFolder();
    const vault = await SqliteVault.open({ folder, masterKey });
    await vault.handlesFor([someParty(vault)]);
    await vault.commit();
    for (const name of readdirSync(folder))
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    await vault.close();
  });

  it('is not opened by another master key, which changes nothing', async () => {
    const folder = newFolder();
    const vault = await SqliteVault.open({ folder, masterKey });
    const party = someParty(vault);
    const handles = await vault.handlesFor([party]);
    await vault.commit();
    await vault.close();
    for (const readOnly of [false, true]) {
      await assert.rejects(
        SqliteVault.open({ folder, masterKey: randomBytes(32), readOnly }),
        (error: Error) => {
          assert.ok(error instanceof MasterKeyError);
          assert.match(error.message, /this master key does not open this vault/);
          assert.equal(exitCodeOf(error), 78);
          return true;
        },
      );
    }
    await assert.rejects(SqliteVault.open({ folder, masterKey: randomBytes(31) }), MasterKeyError);
    const again = await SqliteVault.open({ folder, masterKey });
    assert.deepEqual(await again.find([party.party]), handles);
    await again.close();
  });

  it('is refused, and not touched, when it is newer than the code or no vault at all', async () => {
    const folder = newFolder();
    await (await SqliteVault.open({ folder, masterKey })).close();
    const path = join(folder, 'vault.db');
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const refused = async (message: RegExp): Promise<void> => {
      const before = readFileSync(path);
      const names = readdirSync(folder);
      for (const readOnly of [false, true]) {
        await assert.rejects(SqliteVault.open({ folder, masterKey, readOnly }), (error: Error) => {
          assert.ok(error instanceof VaultFileError);
          assert.match(error.message, message);
          assert.equal(exitCodeOf(error), 74);
          return true;
        });
      }
      assert.deepEqual(readFileSync(path), before);
      assert.deepEqual(readdirSync(folder), names);
    };
    await refused(/has version 99, this code knows versions up to 1/);
    writeFileSync(path, 'this is a letter, not a vault');
    await refused(/is not a vault/);
    rmSync(path);
    await assert.rejects(SqliteVault.open({ folder, masterKey, readOnly: true }), /there is no vault in/);
  });

  it('gives a backup that opens with the same master key, taken while keys are made', async () => {
    const folder = newFolder();
    const vault = await SqliteVault.open({ folder, masterKey });
    const parties = Array.from({ length: 2_000 }, () => someParty(vault));
    const handles = await vault.handlesFor(parties);
    await vault.commit();
    const target = join(folder, 'backups', 'monday');
    const taken = backupVault(folder, target);
    await vault.handlesFor([someParty(vault)]);
    await vault.commit();
    await taken;
    const copy = await SqliteVault.open({ folder: target, masterKey });
    assert.deepEqual(await copy.find(parties.map(({ party }) => party)), handles);
    await copy.close();
    await backupVault(folder, target);
    assert.deepEqual(readdirSync(target), ['vault.db']);
    await vault.close();
  });
});

describe('a SqliteVault whose process is killed', () => {
  /** Makes a key in another process, which tells the handle and is killed at once. */
  async function killedAfter(folder: string, steps: string): Promise<{ handle: Handle; party: string }> {
    const script = `
      import { SqliteVault } from ${JSON.stringify(new URL('sqlite-vault.js', import.meta.url))};
      const [folder, key] = process.argv.slice(1);
      const vault = await SqliteVault.open({ folder, masterKey: Buffer.from(key, 'base64') });
      const party = vault.hash('party', 'email', String(process.pid));
      const [handle] = await vault.handlesFor([{ party, kind: 'email', value: String(process.pid) }]);
      ${steps}
      process.stdout.write(JSON.stringify({ handle, party }));
      setInterval(() => {}, 1000);
    `;
    const args = ['--input-type=module', '-e', script, folder, masterKey.toString('base64')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const [told] = (await child.stdout.take(1).toArray()) as Buffer[];
    child.kill('SIGKILL');
    await ended;
    return JSON.parse(String(told)) as { handle: Handle; party: string };
  }

  it('has every key that commit answered for; twin: without commit it has none', async () => {
    const folder = newFolder();
    for (const [steps, kept] of [
      ['await vault.commit();', true],
      ['', false],
    ] as const) {
      const { handle, party } = await killedAfter(folder, steps);
      const vault = await SqliteVault.open({ folder, masterKey });
      assert.deepEqual(await vault.find([party]), [kept ? handle : undefined]);
      assert.equal((await vault.keys([handle])).party(handle)?.party, kept ? party : undefined);
      await vault.close();
    }
  });
});
