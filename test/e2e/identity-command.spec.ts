import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { threadline, type Ended } from '../support/command.js';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send } from '../support/send.js';

const LOOSE: JsonObject = { name: 'loose', version: 1, limits: {} };
const STRICT: JsonObject = { name: 'strict', version: 1, limits: { user: 1, email: 1 } };

const seen = (
  id: string,
  ...parties: [kind: string, value: string][]
): Parameters<typeof send>[1][number] => ({
  id,
  type: 'chat.message',
  time: `2026-03-0${id}T10:00:00Z`,
  data: { identifiers: parties.map(([kind, value]) => ({ kind, value })) },
});

interface Side {
  readonly id: string;
  readonly parties: readonly { readonly kind: string; readonly value: string }[];
  readonly totals: { readonly parties: number; readonly events: number };
}

const valuesOf = ({ parties }: Side): string[] => parties.map(({ kind, value }) => `${kind}:${value}`).sort();

describe('threadline identity', () => {
  let hub: TestHub;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-identity-'));
    hub = await startHub({ folder: join(folder, 'data') });
    const position = await send(hub, [
      seen('1', ['user', 'u1'], ['email', 'home@x.example']),
      seen('2', ['user', 'u2'], ['email', 'home@x.example']),
      seen('3', ['user', 'u3'], ['email', 'work@x.example'], ['email', 'private@x.example']),
      seen('4', ['user', 'u4']),
      seen('5', ['user', 'u4']),
    ]);
    await read(hub, `/v1/customers?minPosition=${position}`);
  });
  after(async () => {
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (...words: string[]): Promise<Ended> =>
    threadline(['identity', ...words], hub.folder, { THREADLINE_URL: hub.url, THREADLINE_KEY: hub.key });

  async function fileOf(rules: unknown): Promise<string> {
    const file = join(folder, 'rules.json');
    await writeFile(file, typeof rules === 'string' ? rules : JSON.stringify(rules));
    return file;
  }

  const planOf = async (rules: unknown, ...more: string[]): Promise<Ended> =>
    run('plan', '--rules', await fileOf(rules), ...more);

  const idOf = async (kind: string, value: string): Promise<unknown> =>
    (await read(hub, `/v1/customers/by/${kind}/${value}`))['id'];

  it('prints the default rules as a file that can be planned: nothing changes', async () => {
    const { code, out } = await run('default');
    assert.equal(code, 0);
    const { code: planned, lines } = await planOf(out);
    assert.equal(planned, 0);
    assert.deepEqual(lines(), [
      {
        planned: 'default@1',
        inForce: 'default@0',
        conflict: null,
        position: '5',
        events: 5,
        parties: 7,
        customers: { before: 4, after: 4, unchanged: 4 },
        gained: 0,
        lost: 0,
        refused: { before: { 'one-per-person': 1 }, after: { 'one-per-person': 1 } },
        reviews: { before: 0, after: 0 },
        told: 0,
      },
    ]);
  });

  it('plans what would be gained, with its evidence', async () => {
    const { code, lines } = await planOf(LOOSE);
    assert.equal(code, 0);
    const [change, total, ...rest] = lines();
    assert.deepEqual(rest, []);
    const {
      change: kind,
      customer,
      sides,
      links,
      totals,
    } = change as { sides: Side[]; links: JsonObject[] } & JsonObject;
    assert.deepEqual([kind, totals], ['gained', { sides: 2, links: 1 }]);
    assert.deepEqual(sides.map(valuesOf), [['email:home@x.example', 'user:u1'], ['user:u2']]);
    assert.deepEqual(
      sides.map((side) => side.totals),
      [
        { parties: 2, events: 1 },
        { parties: 1, events: 1 },
      ],
    );
    assert.deepEqual(
      sides.map(({ id }) => id),
      [await idOf('user', 'u1'), await idOf('user', 'u2')],
    );
    assert.equal(customer, await idOf('user', 'u1'));
    const [{ a, b, event, ...why } = {}] = links;
    assert.deepEqual(why, {
      strength: 'claimed',
      at: '2026-03-02T10:00:00.000Z',
      rule: 'one-per-person',
      because: 'user',
    });
    const ends = [a, b].map((end) => (end as JsonObject)['value']).sort();
    assert.deepEqual(ends, ['home@x.example', 'u2']);
    const { refused } = await read(hub, `/v1/customers/${(await idOf('user', 'u2')) as string}/identity`);
    assert.equal(event, (refused as JsonObject[])[0]?.['event']);
    assert.deepEqual(total?.['customers'], { before: 4, after: 3, unchanged: 2 });
    assert.deepEqual(total?.['refused'], { before: { 'one-per-person': 1 }, after: {} });
  });

  it('plans what would be lost, and tells as much as is asked for', async () => {
    const { lines } = await planOf(STRICT);
    const [change] = lines() as ({ sides: Side[]; links: JsonObject[] } & JsonObject)[];
    assert.equal(change?.['change'], 'lost');
    assert.deepEqual(change?.sides.map(valuesOf), [
      ['email:work@x.example', 'user:u3'],
      ['email:private@x.example'],
    ]);
    assert.deepEqual(
      change?.links.map(({ rule, because }) => [rule, because]),
      [['one-per-person', 'email']],
    );
    const none = await planOf(STRICT, '--limit', '0', '--json');
    assert.deepEqual(
      none.lines().map(({ lost, told }) => [lost, told]),
      [[1, 0]],
    );
  });

  it('names every mistake of a file: 78; what cannot be read: 74', async () => {
    const mistakes = { name: 'x y', version: 1, limits: { user: 0 }, fanOut: { most: 3 } };
    for (const command of ['plan', 'apply']) {
      const { code, err, out } = await run(command, '--rules', await fileOf(mistakes));
      assert.deepEqual([code, out], [78, '']);
      for (const path of ['/name', '/limits/user', '/fanOut/most'])
        assert.match(err, new RegExp(`^  ${path} `, 'm'));
      const broken = await run(command, '--rules', await fileOf('{\n "name" 1'));
      assert.equal(broken.code, 78);
      assert.match(broken.err, /line 2, column 9: expected a colon/);
      assert.equal((await run(command, '--rules', join(folder, 'none.json'))).code, 74);
    }
  });

  it('applies rules, waits until every customer is computed, and does what was planned; and back', async () => {
    const applied = await run('apply', '--rules', await fileOf(LOOSE));
    assert.equal(applied.code, 0, applied.err);
    const [first, last] = applied.lines();
    const position = first?.['position'];
    assert.deepEqual(first, { applied: 'loose@1', position, computed: false });
    assert.deepEqual(last, { applied: 'loose@1', position, computed: true });
    assert.equal(await idOf('user', 'u2'), await idOf('user', 'u1'));
    const again = await run('apply', '--rules', await fileOf(LOOSE));
    assert.deepEqual([again.code, again.lines()[0]?.['position']], [0, position]);
    const listed = await run('rules');
    const [inForce, ...history] = listed.lines();
    assert.equal((inForce?.['rules'] as JsonObject)['name'], 'loose');
    assert.equal(inForce?.['position'], position);
    assert.deepEqual(
      history.map(({ name, version, position: at, by }) => [name, version, at, by]),
      [['loose', 1, position, { key: 'bootstrap' }]],
    );
    const other = await run('apply', '--rules', await fileOf({ ...LOOSE, firewall: { parties: 5 } }));
    assert.equal(other.code, 1);
    assert.match(other.err, /loose@1 was not applied: .*with other content/);
    const conflicting = await planOf({ ...LOOSE, firewall: { parties: 5 } });
    assert.deepEqual([conflicting.code, conflicting.lines().at(-1)?.['conflict']], [0, position]);
    const { out: defaults } = await run('default');
    assert.equal((await run('apply', '--rules', await fileOf(defaults))).code, 0);
    assert.notEqual(await idOf('user', 'u2'), await idOf('user', 'u1'));
  });

  it('tells the cases apart: no hub, no key, no folder', async () => {
    const rules = await fileOf(LOOSE);
    const nowhere = { THREADLINE_URL: 'http://127.0.0.1:9', THREADLINE_KEY: hub.key };
    const bare = { THREADLINE_URL: hub.url, THREADLINE_BOOTSTRAP_KEY: '' };
    for (const words of [['apply', '--rules', rules], ['rules']]) {
      assert.equal((await threadline(['identity', ...words], hub.folder, nowhere)).code, 69);
      assert.equal((await threadline(['identity', ...words], hub.folder, bare)).code, 78);
    }
    const { code, err } = await threadline(['identity', 'plan', '--rules', rules], join(folder, 'empty'));
    assert.equal(code, 74);
    assert.match(err, /holds no hub's data/);
  });

  it('plans in a folder whose hub does not run, and changes nothing in it', async () => {
    const beside = await planOf(LOOSE);
    await hub.stop();
    // SQLite's own bookkeeping aside: who reads leaves its index, and a log of writes without any.
    const contents = async (): Promise<[string, string][]> => {
      const files: [string, string][] = [];
      for (const name of (await readdir(hub.folder)).sort()) {
        const content = await readFile(join(hub.folder, name));
        if (name.endsWith('-shm') || (name.endsWith('-wal') && content.length === 0)) continue;
        files.push([name, createHash('sha256').update(content).digest('hex')]);
      }
      return files;
    };
    const before = await contents();
    const stopped = await planOf(LOOSE);
    assert.deepEqual([stopped.code, stopped.out], [0, beside.out]);
    assert.ok(before.length >= 5);
    assert.deepEqual(await contents(), before);
  });
});
