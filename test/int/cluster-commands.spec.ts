import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { missingForCluster, startCluster, type Cluster } from '../support/cluster.js';
import { threadline, type Ended } from '../support/command.js';
import { TEST_KEY } from '../support/hub.js';
import { needed } from '../support/needing.js';
import { read } from '../support/send.js';
import type { ServiceProcess } from '../support/service-process.js';

const EVENTS = 12;

const event = (index: number): object => ({
  specversion: '1.0',
  id: `m-${index}`,
  source: '/shop',
  type: 'chat.message',
  data: {
    identifiers: [
      { kind: 'email', value: `person-${index % 4}@example.org` },
      { kind: 'loyalty', value: `L-${index % 3}` },
    ],
    content: { text: 'The zip broke' },
  },
});

describe('the command line on a cluster', needed(missingForCluster()), () => {
  let cluster: Cluster;
  let gateway: ServiceProcess;
  let projector: ServiceProcess;
  let api: ServiceProcess;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-commands-'));
    cluster = await startCluster();
    [gateway] = await Promise.all([cluster.start('gateway'), cluster.start('ingest')]);
    projector = await cluster.start('projector');
    api = await cluster.start('api');
  });
  after(async () => {
    await cluster?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const run = (
    words: readonly string[],
    {
      at,
      data = folder,
      env = {},
    }: { at?: ServiceProcess; data?: string; env?: Record<string, string> } = {},
  ): Promise<Ended> =>
    threadline(words, data, {
      ...cluster.env,
      ...{ THREADLINE_MODE: 'cluster', THREADLINE_KEY: TEST_KEY },
      THREADLINE_URL: at?.url ?? 'http://127.0.0.1:9',
      ...env,
    });
  const onProjector = (words: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
    run(words, { data: projector.folder ?? '', env });

  it('imports through a gateway, and the events can be read at an api', async () => {
    const file = join(folder, 'events.jsonl');
    writeFileSync(file, Array.from({ length: EVENTS }, (_, i) => `${JSON.stringify(event(i))}\n`).join(''));
    const { code, err, lines } = await run(['import', 'cloudevents', file], { at: gateway });
    assert.equal(code, 0, err);
    assert.deepEqual(lines().at(-1), { read: EVENTS, accepted: EVENTS, duplicates: 0, refused: 0 });
    const deadline = Date.now() + 30_000;
    while ((await cluster.log()).length < EVENTS)
      assert.ok(Date.now() < deadline, 'the log has not all of them');
    await read(api, `/v1/customers?minPosition=${await cluster.head()}`);
  });

  it('verifies the read models of a projector beside it', async () => {
    const { code, err, lines } = await onProjector(['verify']);
    assert.equal(code, 0, err);
    const { events, differences, position } = lines().at(-1) as Record<string, unknown>;
    assert.deepEqual([events, differences, position], [EVENTS, 0, String(await cluster.head())]);
  });

  it('plans other identity rules beside a projector', async () => {
    const rules = join(folder, 'rules.json');
    writeFileSync(rules, '{"name":"loose","version":1,"limits":{"loyalty":5}}');
    const { code, err, lines } = await onProjector(['identity', 'plan', '--rules', rules]);
    assert.equal(code, 0, err);
    const last = lines().at(-1) as { events: number; gained: number };
    assert.equal(last.events, EVENTS);
    assert.ok(last.gained > 0);
  });

  it('has the active projector rebuild, asked by an api', async () => {
    const { code, err } = await run(['rebuild'], { at: api });
    assert.equal(code, 0, err);
    assert.equal((await onProjector(['verify'])).code, 0);
  });

  it('makes, lists and revokes keys at an api', async () => {
    const made = await run(['keys', 'create', '--scopes', 'read'], { at: api });
    assert.equal(made.code, 0, made.err);
    const { id } = made.lines()[0] as { id: string };
    assert.equal((await run(['keys', 'revoke', id], { at: api })).code, 0);
  });

  it('examines the servers, and a projector’s folder', async () => {
    const { code, err, lines } = await run(['doctor'], { at: api, data: projector.folder ?? '' });
    assert.equal(code, 0, err);
    const states = new Map(lines().map(({ check, state }) => [check, state]));
    for (const check of ['Kafka', 'event store', 'read models', 'vault', 'log copy', 'hub'])
      assert.equal(states.get(check), 'ok', `${check}: ${JSON.stringify(lines())}`);
    const wrong = { THREADLINE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') };
    const other = await onProjector(['doctor'], wrong);
    assert.equal(other.code, 1);
    assert.ok(other.lines().some(({ check, state }) => check === 'vault' && state === 'fail'));
  });

  const elsewhere: [words: string[], code: number, said: RegExp][] = [
    [['backup', '/nowhere'], 64, /in a cluster back up the event store and then the vault's Redis/],
    [['restore', '/nowhere'], 64, /in a cluster restore the event store/],
    [['keys', 'rotate-master'], 64, /takes --new-key-file <file>, and later --finish/],
    [['rebuild', '--folder'], 64, /asked by an api: set THREADLINE_URL/],
    [['rebuild'], 69, /the hub is not there/],
    [['verify'], 74, /is no projector's/],
    [['identity', 'plan', '--rules', 'rules.json'], 74, /is no projector's/],
  ];
  for (const [words, code, said] of elsewhere)
    it(`says what to do instead of ${words.join(' ')} on no folder of it`, async () => {
      writeFileSync(join(folder, 'rules.json'), '{"name":"loose","version":1}');
      const ended = await run(words.map((word) => (word === 'rules.json' ? join(folder, word) : word)));
      assert.equal(ended.code, code, ended.err);
      assert.match(ended.err, said);
    });

  it('gives the vault another master key, without a service that stops', async () => {
    const file = join(folder, 'new.key');
    const begun = await run(['keys', 'rotate-master', '--new-key-file', file]);
    assert.equal(begun.code, 0, begun.err);
    assert.equal((await run(['keys', 'rotate-master', '--finish'])).code, 78);
    const env = { THREADLINE_MASTER_KEY: readFileSync(file, 'utf8').trim() };
    const finished = await run(['keys', 'rotate-master', '--finish'], { env });
    assert.equal(finished.code, 0, finished.err);
    assert.equal((await run(['doctor'], { env })).out.match(/master key opens it/g)?.length, 1);
    assert.equal((await run(['doctor'])).code, 1);
    // What comes after is of the old one again.
    const back = join(folder, 'old.key');
    writeFileSync(back, cluster.masterKey.toString('base64'));
    assert.equal((await run(['keys', 'rotate-master', '--new-key-file', back], { env })).code, 0);
    assert.equal((await run(['keys', 'rotate-master', '--finish'])).code, 0);
  });

  it('says which service does what it was asked for', async () => {
    for (const [words, at, path] of [
      [['dead', 'list'], api, '/v1/dead'],
      [['keys', 'list'], gateway, '/v1/keys'],
      [['import', 'cloudevents', join(folder, 'events.jsonl')], api, '/v1/events'],
    ] as const) {
      const { code, err } = await run(words, { at });
      assert.equal(code, 78, err);
      assert.match(err, new RegExp(`does not serve ${path}: of a cluster a gateway`));
    }
  });

  it('takes a folder for what it is', async () => {
    const unsaid = await onProjector(['verify'], { THREADLINE_MODE: 'embedded' });
    assert.deepEqual([unsaid.code, /set THREADLINE_MODE=cluster/.test(unsaid.err)], [74, true]);
    const ofApi = await run(['verify'], { data: api.folder ?? '' });
    assert.deepEqual([ofApi.code, /is no projector's/.test(ofApi.err)], [74, true]);
    const noVault = await onProjector(['verify'], { THREADLINE_VAULT: '' });
    assert.deepEqual([noVault.code, /THREADLINE_VAULT is needed/.test(noVault.err)], [78, true]);
  });

  it('finds a row that is missing in the read models of a projector', async () => {
    await projector.end('SIGTERM');
    const models = readdirSync(projector.folder ?? '').filter((name) => /^customers\.db\.[\d-]+$/.test(name));
    for (const name of models) {
      const database = new DatabaseSync(join(projector.folder ?? '', name));
      database.exec('DELETE FROM timeline WHERE position = (SELECT max(position) FROM timeline)');
      database.close();
    }
    const { code, lines } = await onProjector(['verify']);
    assert.equal(code, 1);
    assert.ok(lines().some(({ what }) => what === 'timeline'));
  });
});
