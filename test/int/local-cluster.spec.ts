import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missingForCluster } from '../support/cluster.js';
import { needed } from '../support/needing.js';

const SCRIPT = join(
  dirname(fileURLToPath(import.meta.url)),
  ...['..', '..', '..', 'infra', 'local', 'cluster.mjs'],
);
const KEY = 'a-key-to-try-a-cluster-with';
const EVENT = {
  specversion: '1.0',
  ...{ id: 'm-1', source: '/chat', type: 'chat.message' },
  data: { identifiers: [{ kind: 'email', value: 'ana@example.org' }], content: { text: 'Hello' } },
};

describe('npm run start:cluster', needed(missingForCluster()), () => {
  let child: ChildProcess;
  let closed: Promise<unknown>;
  const told = new Map<string, string>();

  before(async () => {
    child = spawn(process.execPath, [SCRIPT, '--port', '0'], {
      env: { ...process.env, THREADLINE_BOOTSTRAP_KEY: KEY },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    closed = once(child, 'close');
    for await (const line of createInterface({
      input: child.stdout as NonNullable<ChildProcess['stdout']>,
    })) {
      const [, name, value] = /^ {2}(\S+) +(\S+)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) told.set(name, value);
      if (name === 'key') return;
    }
    throw new Error('it ended before it had told where it listens');
  });
  after(() => child.kill('SIGTERM'));

  it('takes an event at the gateway, and has a card at the api', async () => {
    const authorization = `Bearer ${told.get('key')}`;
    const sent = await fetch(`${told.get('gateway')}/v1/events?wait=log`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify(EVENT),
    });
    const { accepted, position } = (await sent.json()) as { accepted: number; position: string };
    assert.deepEqual([sent.status, accepted], [202, 1]);
    const path = `/v1/customers/by/email/ana@example.org?minPosition=${position}`;
    const card = await fetch(`${told.get('api')}${path}`, { headers: { authorization } });
    assert.equal(card.status, 200);
    assert.deepEqual(((await card.json()) as { counts: object }).counts, { chat: 1 });
  });

  it('ends with everything that it started', async () => {
    child.kill('SIGTERM');
    // Its children hold the pipe as well: it closes when the last of them is gone.
    assert.deepEqual(await closed, [0, null]);
  });
});

describe('its options', () => {
  it('are told by --help, and refused with 64 where they are wrong', () => {
    const run = (...args: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
    const help = run('--help');
    assert.equal(help.status, 0);
    assert.match(String(help.stdout), /--brokers/);
    for (const args of [['--brokers', '2'], ['--port', 'x'], ['--what'], ['more']]) {
      const { status, stderr } = run(...args);
      assert.equal(status, 64);
      assert.match(String(stderr), /Usage/);
    }
  });
});
