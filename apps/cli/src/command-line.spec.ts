import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { SqliteVault } from '@threadline/vault/sqlite-vault';

const bin = join(dirname(dirname(fileURLToPath(import.meta.url))), 'bin', 'threadline.js');
/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';
const EVENT = { specversion: '1.0', id: '1', source: '/s', type: 'a.b' };

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function threadline(words: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ended> {
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith('THREADLINE_'));
  const child = spawn(process.execPath, [bin, ...words], { env: { ...Object.fromEntries(clean), ...env } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

const lastLine = (out: string): unknown => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');

describe('the command line', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-cli-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('explains itself, and ends with 64 where it does not understand', async () => {
    for (const command of [
      [],
      ['import'],
      ['backup'],
      ['restore'],
      ['doctor'],
      ['keys'],
      ['keys', 'create'],
      ['rebuild'],
      ['verify'],
      ['identity'],
      ['identity', 'plan'],
      ['identity', 'apply'],
      ['identity', 'rules'],
      ['identity', 'default'],
    ]) {
      const { code, out } = await threadline([...command, '--help']);
      assert.equal(code, 0);
      assert.match(out, command.length === 0 ? /Environment:/ : /Examples?:/);
    }
    const wrong = [
      ['nope'],
      [],
      ['import'],
      ['import', 'tea', 'x'],
      ['import', 'csv', 'x'],
      ['import', 'eml', 'x', '--map', 'y'],
      ['keys', 'create', '--scopes', 'all'],
      ['import', 'cloudevents', '-', '--own', 'a.example'],
      ['backup', '--nope'],
      ['identity'],
      ['identity', 'plan'],
      ['identity', 'plan', '--rules', 'x', '--limit', '-1'],
      ['identity', 'apply'],
      ['identity', 'default', 'x'],
    ];
    for (const command of wrong) assert.equal((await threadline(command)).code, 64, command.join(' '));
  });

  it('tells the cases apart: no key, no hub, no file, a bad mapping', async () => {
    const events = JSON.stringify(EVENT);
    assert.equal((await threadline(['import', 'cloudevents', '-'], {}, events)).code, 78);
    const env = { THREADLINE_KEY: randomBytes(32).toString('base64url'), THREADLINE_URL: NOWHERE };
    const { code, out, err } = await threadline(['import', 'cloudevents', '-'], env, events);
    assert.equal(code, 69);
    assert.match(err, /the hub is not there/);
    assert.deepEqual(lastLine(out), { read: 0, accepted: 0, duplicates: 0, refused: 0 });
    assert.equal((await threadline(['import', 'eml', join(folder, 'none')], env)).code, 74);
    const map = join(folder, 'map.json');
    await writeFile(map, '{"type":7}');
    const bad = await threadline(['import', 'csv', '-', '--map', map, '--dry-run']);
    assert.equal(bad.code, 78);
    assert.match(bad.err, /\/id is missing[\s\S]*\/source is missing/);
  });

  it('names what it refuses in the report and ends with 1; the last line holds the four counts', async () => {
    const report = join(folder, 'report.ndjson');
    const input = `${JSON.stringify(EVENT)}\n{"no":"event"}\n`;
    const { code, out } = await threadline(
      ['import', 'cloudevents', '-', '--dry-run', '--report', report],
      {},
      input,
    );
    assert.equal(code, 1);
    assert.deepEqual(lastLine(out), { read: 2, accepted: 1, duplicates: 0, refused: 1 });
    const named = (await readFile(report, 'utf8')).trimEnd().split('\n');
    assert.equal(named.length, 1);
    assert.equal((JSON.parse(named[0] ?? '') as { item: string }).item, '-:2');
  });

  describe('on a data folder', () => {
    const masterKey = randomBytes(32);
    const env = (data: string): Record<string, string> => ({
      THREADLINE_DATA: join(folder, data),
      THREADLINE_MASTER_KEY: masterKey.toString('base64'),
      THREADLINE_URL: NOWHERE,
    });
    before(async () => {
      const data = join(folder, 'data');
      const store = await SqliteEventStore.open({ folder: data });
      const vault = await SqliteVault.open({ folder: data, masterKey });
      const events = Array.from({ length: 50 }, (_, n) => ({
        id: `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`,
        type: 'note.written',
        data: Buffer.from(JSON.stringify({ note: `number ${n} of fifty` })),
      }));
      await store.append([{ stream: 'thing-1', expected: 'no-stream', events }]);
      await vault.commit();
      await vault.close();
      await store.close();
    });

    it('backs up into an empty folder, says what is not in it, and restores into an empty one', async () => {
      const backup = join(folder, 'backup');
      const made = await threadline(['backup', backup], env('data'));
      assert.equal(made.code, 0, made.err);
      assert.match(made.err, /master key is NOT in this backup/);
      assert.deepEqual((await readdir(backup)).sort(), ['backup.json', 'log.db', 'vault.db']);
      assert.equal((await threadline(['backup', backup], env('data'))).code, 74);

      const restored = await threadline(['restore', backup], env('restored'));
      assert.equal(restored.code, 0, restored.err);
      assert.deepEqual(lastLine(restored.out), {
        ...{ restored: join(folder, 'restored'), position: '50', events: 50, masterKey: 'opens' },
      });
      assert.equal((await threadline(['restore', backup], env('restored'))).code, 74);
      const doctor = await threadline(['doctor', '--full'], env('restored'));
      assert.equal(doctor.code, 0, doctor.out);
      assert.match(doctor.out, /every event matches its content hash/);
    });

    it('leaves nothing of a backup in which an event was changed', async () => {
      const backup = join(folder, 'changed');
      assert.equal((await threadline(['backup', backup], env('data'))).code, 0);
      const log = await readFile(join(backup, 'log.db'));
      const at = log.indexOf('number 33 of fifty');
      assert.ok(at > 0);
      await writeFile(
        join(backup, 'log.db'),
        Buffer.concat([log.subarray(0, at), Buffer.from('numbre'), log.subarray(at + 6)]),
      );
      const { code, err } = await threadline(['restore', backup], env('refused'));
      assert.equal(code, 74);
      assert.match(err, /position 34/);
      assert.deepEqual(
        await readdir(join(folder, 'refused')).then((names) => names.filter((name) => name !== 'hub.lock')),
        [],
      );
    });

    it('is examined: a wrong master key is found', async () => {
      const wrong = { ...env('data'), THREADLINE_MASTER_KEY: randomBytes(32).toString('base64') };
      const { code, out } = await threadline(['doctor'], wrong);
      assert.equal(code, 1);
      assert.match(out, /"check":"master key","state":"fail"/);
    });

    it('has its master key rotated', async () => {
      const next = join(folder, 'next.key');
      assert.equal((await threadline(['keys', 'rotate-master'], env('data'))).code, 64);
      const { code, err } = await threadline(['keys', 'rotate-master', '--new-key-file', next], env('data'));
      assert.equal(code, 0, err);
      const key = (await readFile(next, 'utf8')).trim();
      assert.equal((await threadline(['doctor'], { ...env('data'), THREADLINE_MASTER_KEY: key })).code, 0);
      assert.equal((await threadline(['doctor'], env('data'))).code, 1);
    });
  });
});
