import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { exitCodeOf } from './errors.js';
import { acquireFolder, FolderHeldError, FolderUnusableError } from './folder-lock.js';

const root = mkdtempSync(join(tmpdir(), 'threadline-lock-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Another process that holds the folder. */
async function holder(folder: string): Promise<ChildProcess> {
  const script = `
    import { acquireFolder } from ${JSON.stringify(new URL('folder-lock.js', import.meta.url))};
    await acquireFolder(process.argv[1]);
    process.stdout.write('held');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('the lock of a data folder', () => {
  it('makes the folder for its owner alone', async () => {
    const folder = join(root, 'deep', 'fresh');
    const lock = await acquireFolder(folder);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(folder), ['hub.lock']);
    lock.release();
    lock.release();
  });

  it('is refused while another process holds it, touches nothing, and ends with that process', async () => {
    const folder = join(root, 'held');
    const child = await holder(folder);
    writeFileSync(join(folder, 'log.db'), 'as it was');
    const started = performance.now();
    await assert.rejects(acquireFolder(folder), (error: Error) => {
      assert.ok(error instanceof FolderHeldError);
      assert.match(error.message, /is held by another hub/);
      assert.equal(exitCodeOf(error), 74);
      return true;
    });
    const waited = performance.now() - started;
    assert.ok(waited >= 2_000 && waited < 4_000, `tried for two seconds, not ${waited} ms`);
    assert.deepEqual(readdirSync(folder).sort(), ['hub.lock', 'log.db']);
    assert.equal(readFileSync(join(folder, 'log.db'), 'utf8'), 'as it was');

    child.kill('SIGKILL');
    await once(child, 'exit');
    (await acquireFolder(folder, 0)).release();
  });

  it('is taken by whoever waits when the holder lets go within the time', async () => {
    const folder = join(root, 'passed-on');
    const first = await acquireFolder(folder);
    const second = acquireFolder(folder);
    first.release();
    (await second).release();
  });

  it('goes to one of several processes that start on a fresh folder at once', async () => {
    const folder = join(root, 'race', 'fresh');
    const script = `
      import { acquireFolder } from ${JSON.stringify(new URL('folder-lock.js', import.meta.url))};
      await acquireFolder(process.argv[1], 0).then(() => {}, (error) => { process.exitCode = error.exitCode; throw error; });
      setTimeout(() => {}, 1000);
    `;
    const children = Array.from({ length: 3 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
        stdio: ['ignore', 'ignore', 'pipe'],
      }),
    );
    const told = await Promise.all(
      children.map(async (child) => {
        const [text, [code]] = await Promise.all([
          child.stderr.toArray(),
          once(child, 'exit') as Promise<[number]>,
        ]);
        return code === 0 ? 'held' : /FolderHeldError/.exec(text.join(''))?.[0];
      }),
    );
    assert.deepEqual(told.sort(), ['FolderHeldError', 'FolderHeldError', 'held']);
  });

  it('says what is wrong with a folder that cannot be one', async () => {
    await assert.rejects(acquireFolder('/proc/threadline'), FolderUnusableError);
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    await assert.rejects(acquireFolder(file), (error: Error) => {
      assert.ok(error instanceof FolderUnusableError);
      assert.equal(exitCodeOf(error), 74);
      return true;
    });
    const folder = join(root, 'odd');
    (await acquireFolder(folder)).release();
    writeFileSync(
      join(folder, 'hub.lock'),
      'not a database, and longer than a header of one would be'.repeat(9),
    );
    await assert.rejects(acquireFolder(folder), FolderUnusableError);
  });
});
