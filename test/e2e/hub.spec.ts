import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { hubEnvironment, runHub, startHub, TEST_KEY, type TestHub } from '../support/hub.js';
import { read, send } from '../support/send.js';

let root: string;
let made = 0;
const folder = (): string => join(root, `folder-${++made}`);

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'threadline-hub-spec-'));
});
after(() => rm(root, { recursive: true, force: true }));

const ana = { kind: 'email', value: 'ana@example.org', name: 'Ana' };

describe('how the hub refuses to start', () => {
  it('tells its usage and goes', async () => {
    const { code, output } = await runHub(folder(), {}, ['--help']);
    assert.equal(code, 0);
    assert.match(output, /THREADLINE_DATA/);
  });

  it('does not guess what an argument means', async () => {
    const { code, output } = await runHub(folder(), {}, ['--prot', '80']);
    assert.equal(code, 64);
    assert.match(output, /--prot/);
  });

  it('names every bad variable at once, and touches nothing', async () => {
    const home = folder();
    const { code, output } = await runHub(home, {
      THREADLINE_PORT: '80a',
      THREADLINE_BOOTSTRAP_KEY: 'short',
      THREADLINE_MASTER_KEY: 'AAAA',
      THREADLINE_COUNTRY: 'Narnia',
      THREADLINE_MODE: 'both',
    });
    assert.equal(code, 78);
    for (const name of ['PORT', 'BOOTSTRAP_KEY', 'MASTER_KEY', 'COUNTRY', 'MODE']) {
      assert.match(output, new RegExp(`THREADLINE_${name}\\b`));
    }
    assert.doesNotMatch(output, /short|Narnia/);
    await assert.rejects(stat(home));
  });

  it('leaves a folder alone that another hub holds', async () => {
    const hub = await startHub({ folder: folder() });
    try {
      const files = await readdir(hub.folder);
      const started = Date.now();
      const { code, output } = await runHub(hub.folder);
      assert.equal(code, 74);
      assert.ok(Date.now() - started >= 2_000, 'it is tried for two seconds');
      assert.match(output, /another hub/);
      assert.deepEqual(await readdir(hub.folder), files);
      await read(hub, '/v1/customers');
    } finally {
      await hub.stop();
    }
  });

  it('does not write on to a log whose vault is gone', async () => {
    const home = folder();
    const hub = await startHub({ folder: home });
    await send(hub, [{ id: 'v1', type: 'note.written', data: { identifiers: [ana] } }]);
    await hub.kill();
    for (const file of await readdir(home)) if (file.startsWith('vault.db')) await rm(join(home, file));
    const files = (await readdir(home)).sort();
    const { code, output } = await runHub(home);
    assert.equal(code, 74);
    assert.match(output, /vault\.db is missing/);
    assert.deepEqual((await readdir(home)).sort(), files);
  });

  it('does not open a log that is newer than the code', async () => {
    const home = folder();
    await (await startHub({ folder: home })).stop();
    const log = new DatabaseSync(join(home, 'log.db'));
    log.exec('PRAGMA user_version = 99');
    log.close();
    const { code, output } = await runHub(home);
    assert.equal(code, 74);
    assert.match(output, /log\.db|log/);
    assert.match(output, /newer/);
  });

  it('does not open a vault with another master key', async () => {
    const home = folder();
    await (await startHub({ folder: home })).stop();
    const { code, output } = await runHub(home, {
      THREADLINE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    });
    assert.notEqual(code, 0);
    assert.match(output, /master key/i);
  });

  it('does not start on a folder that cannot be made', async () => {
    for (const home of ['/proc/threadline', '/dev/null/threadline', join(import.meta.filename, 'below')]) {
      assert.equal((await runHub(home)).code, 74, home);
    }
  });

  it('names a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const { code, output } = await runHub(folder(), { THREADLINE_PORT: String(port) });
    other.close();
    assert.notEqual(code, 0);
    assert.match(output, new RegExp(String(port)));
    assert.match(output, /taken/);
  });
});

describe('how the hub starts and stops', () => {
  it('makes a key where there is none, and shows it once', async () => {
    const home = folder();
    const first = await startHub({ folder: home, env: { THREADLINE_BOOTSTRAP_KEY: undefined } });
    const { key } = first;
    assert.notEqual(key, TEST_KEY);
    assert.ok(key.length >= 24);
    await read(first, '/v1/keys');
    assert.equal(await first.stop(), 0);

    const second = await startHub({ folder: home, env: { THREADLINE_BOOTSTRAP_KEY: undefined } });
    assert.doesNotMatch(second.output(), /^ {2}key /m);
    const response = await second.fetch('/v1/keys', { headers: { authorization: `Bearer ${key}` } });
    assert.equal(response.status, 200);
    await second.stop();
  });

  it('prints where it is and who may come in only when that is news', async () => {
    const hub = await startHub({ folder: folder() });
    assert.match(hub.output(), /http:\/\/127\.0\.0\.1:\d+\/docs/);
    assert.doesNotMatch(hub.output(), new RegExp(TEST_KEY));
    await hub.stop();
  });

  it('keeps the master key to its owner', async () => {
    const hub = await startHub({ folder: folder() });
    const { mode } = await stat(join(hub.folder, 'master.key'));
    assert.equal(mode & 0o777, 0o600);
    await hub.stop();
  });

  it('gives the same ids to two hubs with the same master key', async () => {
    const env = { THREADLINE_MASTER_KEY: Buffer.alloc(32, 3).toString('base64') };
    const cards: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const hub = await startHub({ folder: folder(), env });
      const position = await send(hub, [
        { id: 'a', type: 'note.written', time: '2026-03-01T00:00:00Z', data: { identifiers: [ana] } },
      ]);
      cards.push(await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${position}`));
      await hub.stop();
    }
    assert.deepEqual(cards[0], cards[1]);
  });

  it('has after kill -9 whatever it has acknowledged', async () => {
    const home = folder();
    let hub: TestHub = await startHub({ folder: home });
    const events = (from: number): Parameters<typeof send>[1] =>
      Array.from({ length: 50 }, (_, i) => ({
        id: `k${from + i}`,
        type: 'note.written',
        data: { identifiers: [ana] },
      }));
    await send(hub, events(0));
    await hub.kill();
    hub = await startHub({ folder: home });
    const position = await send(hub, events(50));
    const card = await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${position}`);
    assert.deepEqual(card['counts'], { note: 100 });
    assert.equal(await hub.stop(), 0);
  });

  it('stops while somebody watches, and lets the watcher go', async () => {
    const hub = await startHub({ folder: folder() });
    const response = await hub.fetch('/v1/live');
    const whole = response.text();
    assert.equal(await hub.stop(), 0);
    assert.match(await whole, /retry/);
  });

  it('is not ready and takes nothing once it stops', async () => {
    const hub = await startHub({ folder: folder() });
    const stopped = hub.stop();
    await stopped;
    await assert.rejects(fetch(`${hub.url}/health/ready`));
  });

  it('takes its variables from nowhere else', () => {
    process.env['THREADLINE_COUNTRY'] = 'CH';
    assert.equal(hubEnvironment('x')['THREADLINE_COUNTRY'], undefined);
    delete process.env['THREADLINE_COUNTRY'];
  });
});
