import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { DEFAULT_RULES } from '@threadline/domain/identity/identity-rules';
import { runHub, startHub, type TestHub } from '../support/hub.js';
import { read, send, type Sent } from '../support/send.js';
import { watch } from '../support/watch.js';

const ENV = { THREADLINE_MASTER_KEY: Buffer.alloc(32, 5).toString('base64') };

const LOOSE: JsonObject = { name: 'loose', version: 1, limits: {}, blocked: [] };
const STRICT: JsonObject = { name: 'strict', version: 1, limits: { user: 1, loyalty: 1, email: 1 } };
const PLAIN: JsonObject = { ...(DEFAULT_RULES as unknown as JsonObject), version: 1 };

/** Two people at one address; one with two addresses; and whoever typed an address that is nobody's. */
const PEOPLE: readonly Sent[] = [
  seen('1', ['user:u1', 'email:home@x.example']),
  seen('2', ['user:u2', 'email:home@x.example']),
  seen('3', ['user:u3', 'email:work@x.example', 'email:private@x.example']),
  seen('4', ['user:u4', 'email:test@x.example']),
  seen('5', ['user:u5', 'email:test@x.example']),
];
const PARTIES = [
  'user:u1',
  'user:u2',
  'user:u3',
  'user:u4',
  'user:u5',
  'email:home@x.example',
  'email:test@x.example',
];

function seen(id: string, parties: readonly string[]): Sent {
  const identifiers = parties.map(named);
  const time = `2026-03-0${id}T10:00:00Z`;
  return { id, type: 'chat.message', time, data: { identifiers, content: { text: `it is ${id}` } } };
}

function named(party: string): JsonObject {
  const [kind = '', value = ''] = party.split(/:(.*)/);
  return { kind, value };
}

const pathOf = (party: string): string => {
  const { kind, value } = named(party);
  return `/v1/customers/by/${kind as string}/${encodeURIComponent(value as string)}`;
};

/** Everything that a reader is told of these people, as text. */
async function allReads(hub: TestHub, query: string): Promise<string[]> {
  const told: string[] = [];
  for (const party of PARTIES) {
    const card = await hub.fetch(`${pathOf(party)}?explain=true&${query}`);
    told.push(await card.text());
    const { id } = await read(hub, `${pathOf(party)}?${query}`);
    for (const page of ['timeline', 'identity'])
      told.push(await (await hub.fetch(`/v1/customers/${id as string}/${page}?${query}`)).text());
  }
  return told;
}

/** Who is one with whom: the number of the parties of each one's customer. */
const sizes = async (hub: TestHub, query = ''): Promise<number[]> =>
  Promise.all(
    PARTIES.map(async (party) => ((await read(hub, `${pathOf(party)}?${query}`))['ids'] as Json[]).length),
  );

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

async function apply(hub: TestHub, body: Json | string, key?: string): Promise<Answer> {
  const response = await hub.fetch('/v1/identity/rules', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as JsonObject };
}

/** Applies, and answers the position. */
async function applied(hub: TestHub, rules: JsonObject): Promise<string> {
  const { status, body } = await apply(hub, rules);
  assert.equal(status, 202, JSON.stringify(body));
  return body['position'] as string;
}

const rulesOf = (hub: TestHub, query = ''): Promise<JsonObject> => read(hub, `/v1/identity/rules?${query}`);
const historyOf = async (hub: TestHub): Promise<string[]> =>
  ((await rulesOf(hub))['history'] as { name: string; version: number }[]).map(
    ({ name, version }) => `${name}@${version}`,
  );

const logOf = async (hub: TestHub): Promise<JsonObject[]> => {
  const text = await (await hub.fetch('/v1/events?format=ndjson')).text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JsonObject);
};

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'threadline-rules-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('identity rules over the API', () => {
  let hub: TestHub;
  let sent: string;
  before(async () => {
    hub = await startHub({ env: ENV });
    sent = await send(hub, PEOPLE);
  });
  after(() => hub.stop());

  it('are the defaults as long as nobody says otherwise', async () => {
    assert.deepEqual(await rulesOf(hub), {
      rules: DEFAULT_RULES as unknown as JsonObject,
      position: null,
      history: [],
    });
    assert.deepEqual(await sizes(hub, `minPosition=${sent}`), [2, 1, 3, 1, 1, 2, 1]);
  });

  it('are in force with their event, whole, and tell who put them there', async () => {
    const made = await hub.fetch('/v1/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scopes: ['admin'], label: 'data team' }),
    });
    const { id, key } = (await made.json()) as { id: string; key: string };
    const { status, body } = await apply(hub, LOOSE, key);
    assert.equal(status, 202);
    const position = body['position'] as string;
    assert.deepEqual(await sizes(hub, `minPosition=${position}`), [3, 3, 3, 3, 3, 3, 3]);
    const page = await rulesOf(hub, `minPosition=${position}`);
    const whole = { ...(DEFAULT_RULES as unknown as JsonObject), ...LOOSE };
    assert.deepEqual(page['rules'], whole);
    assert.equal(page['position'], position);
    const event = (await logOf(hub)).find((one) => one['threadlineposition'] === position);
    assert.equal(event?.['type'], 'identity.rules.applied');
    assert.equal(event['threadlineevent'], body['event']);
    const by = { key: id, label: 'data team' };
    assert.deepEqual(event['data'], { rules: whole, by });
    const [{ appliedAt, ...first } = {}] = page['history'] as JsonObject[];
    assert.deepEqual(first, { name: 'loose', version: 1, position, by });
    assert.equal(appliedAt, event['threadlinerecordedat']);
  });

  it('are answered where they are when they are in force already', async () => {
    const before = await logOf(hub);
    const { status, body } = await apply(hub, { ...((await rulesOf(hub))['rules'] as JsonObject) });
    const { position } = await rulesOf(hub);
    assert.deepEqual([status, body['position']], [202, position]);
    assert.deepEqual(await apply(hub, LOOSE), { status, body });
    assert.deepEqual(await logOf(hub), before);
  });

  it('are refused under a name and version that stand for others', async () => {
    const before = await logOf(hub);
    const { status, body } = await apply(hub, { ...LOOSE, firewall: { parties: 7 } });
    assert.deepEqual([status, body['code']], [409, 'conflict']);
    assert.match(body['detail'] as string, /^loose@1 was put in force at position \d+ with other content/);
    assert.deepEqual(await logOf(hub), before);
  });

  it('are refused with every mistake named', async () => {
    const { status, body } = await apply(hub, { ...LOOSE, name: '', limits: { user: 0 }, more: 1 });
    assert.equal(status, 400);
    const problems = body['problems'] as { path: string }[];
    assert.deepEqual(problems.map(({ path }) => path).sort(), ['/limits/user', '/more', '/name']);
    const broken = await apply(hub, '{\n "name": }');
    assert.equal(broken.status, 400);
    assert.match(JSON.stringify(broken.body['problems']), /line 2, column 10: expected a value/);
    assert.equal((await apply(hub, '')).status, 400);
    assert.equal((await apply(hub, ' '.repeat(1_048_577))).status, 413);
  });

  it('take the scope admin to be put in force, and read to be read', async () => {
    const keyWith = async (...scopes: string[]): Promise<string> => {
      const response = await hub.fetch('/v1/keys', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ scopes }),
      });
      return ((await response.json()) as { key: string }).key;
    };
    const [reader, actor] = [await keyWith('read'), await keyWith('act', 'write')];
    for (const key of [reader, actor]) assert.equal((await apply(hub, LOOSE, key)).status, 403);
    const get = (key: string): Promise<Response> =>
      hub.fetch('/v1/identity/rules', { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await get(reader)).status, 200);
    assert.equal((await get(actor)).status, 403);
  });

  it('may be gone back from: every read is what it was, byte for byte', async () => {
    const plain = await applied(hub, PLAIN);
    const before = await allReads(hub, `minPosition=${plain}`);
    const past = await allReads(hub, `knownAt=${plain}`);
    const strict = await applied(hub, STRICT);
    assert.deepEqual(await sizes(hub, `minPosition=${strict}`), [2, 1, 2, 1, 1, 2, 1]);
    assert.notDeepEqual(await allReads(hub, `minPosition=${strict}`), before);
    const back = await applied(hub, PLAIN);
    assert.notEqual(back, plain);
    assert.deepEqual(await allReads(hub, `minPosition=${back}`), before);
    assert.deepEqual(await allReads(hub, `knownAt=${plain}`), past, 'what was known then');
    assert.deepEqual(await historyOf(hub), ['default@1', 'strict@1', 'default@1', 'loose@1']);
    assert.deepEqual(await sizes(hub, `knownAt=${strict}`), [2, 1, 2, 1, 1, 2, 1]);
    assert.deepEqual(await sizes(hub, `knownAt=${sent}`), [2, 1, 3, 1, 1, 2, 1]);
  });

  it('tell whoever watches, whatever they watch for, to ask anew', async () => {
    const { id } = await read(hub, pathOf('user:u3'));
    const watchers = await Promise.all(
      ['', '?store=regent-street', `?customer=${id as string}`].map((query) => watch(hub, query)),
    );
    const position = await applied(hub, LOOSE);
    for (const watcher of watchers) {
      const pushed = await watcher.until((all) => all.length > 0);
      assert.deepEqual(pushed, [{ id: position, event: 'customers.changed', data: { position } }]);
      watcher.close();
    }
  });
});

describe('identity rules at the start', () => {
  const fileIn = async (folder: string, rules: JsonObject): Promise<Record<string, string>> => {
    const file = join(folder, 'rules.json');
    await writeFile(file, JSON.stringify(rules));
    return { ...ENV, THREADLINE_IDENTITY_RULES: file };
  };
  const inHub = async (
    folder: string,
    env: Record<string, string>,
    work: (hub: TestHub) => Promise<void>,
  ): Promise<void> => {
    const hub = await startHub({ env, folder });
    try {
      await work(hub);
    } finally {
      await hub.stop();
    }
  };

  it('are in force before anything else is, once; what is applied later stays', () =>
    inFolder(async (folder) => {
      const env = await fileIn(folder, LOOSE);
      const data = join(folder, 'data');
      await inHub(data, env, async (hub) => {
        const page = await rulesOf(hub);
        const [{ by } = {}] = page['history'] as JsonObject[];
        assert.deepEqual(by, { key: 'start', label: 'THREADLINE_IDENTITY_RULES' });
        const position = await send(hub, PEOPLE);
        assert.ok(Number(page['position']) < Number(position));
        assert.deepEqual(await sizes(hub, `minPosition=${position}`), [3, 3, 3, 3, 3, 3, 3]);
      });
      await inHub(data, env, async (hub) => {
        assert.deepEqual(await historyOf(hub), ['loose@1'], 'a second start changes nothing');
        await applied(hub, STRICT);
      });
      await inHub(data, env, async (hub) => {
        assert.deepEqual(await historyOf(hub), ['strict@1', 'loose@1'], 'nor does one after an apply');
        assert.deepEqual(await sizes(hub), [2, 1, 2, 1, 1, 2, 1]);
      });
      await inHub(data, ENV, async (hub) => assert.deepEqual(await historyOf(hub), ['strict@1', 'loose@1']));
      await fileIn(folder, { ...LOOSE, version: 2 });
      await inHub(data, env, async (hub) =>
        assert.deepEqual(await historyOf(hub), ['loose@2', 'strict@1', 'loose@1']),
      );
      await fileIn(folder, { ...LOOSE, firewall: { parties: 9 } });
      const { code, output } = await runHub(data, env);
      assert.equal(code, 78, output);
      assert.match(
        output,
        /THREADLINE_IDENTITY_RULES .*rules\.json: loose@1 was put in force at position \d+ with other/,
      );
    }));

  it('are refused with every mistake, and nothing is made', () =>
    inFolder(async (folder) => {
      const env = await fileIn(folder, {
        name: 'x y',
        version: '1',
        blocked: [{ kind: 'email', pattern: '(' }],
      });
      const { code, output } = await runHub(join(folder, 'data'), env);
      assert.equal(code, 78);
      for (const path of ['/name', '/version', '/blocked/0/pattern'])
        assert.match(output, new RegExp(`THREADLINE_IDENTITY_RULES .*rules\\.json: ${path} expected`));
    }));
});

describe('identity rules in a log that is given on', () => {
  it('make the same customers in an empty hub', async () => {
    const [one, other] = [await startHub({ env: ENV }), await startHub({ env: ENV })];
    try {
      await send(one, PEOPLE.slice(0, 2));
      await applied(one, LOOSE);
      await send(one, PEOPLE.slice(2));
      const last = await applied(one, STRICT);
      const batch = (await logOf(one)).map((event) =>
        Object.fromEntries(Object.entries(event).filter(([name]) => !name.startsWith('threadline'))),
      );
      const response = await other.fetch('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: JSON.stringify(batch),
      });
      const { position, rejected } = (await response.json()) as JsonObject;
      assert.deepEqual([response.status, rejected], [202, []]);
      const [here, there] = [
        await sizes(one, `minPosition=${last}`),
        await sizes(other, `minPosition=${position as string}`),
      ];
      assert.deepEqual(there, here);
      assert.deepEqual(await historyOf(other), ['strict@1', 'loose@1']);
      const names = async (hub: TestHub): Promise<Json[]> =>
        Promise.all(PARTIES.map(async (party) => (await read(hub, pathOf(party)))['ids'] ?? null));
      assert.deepEqual(await names(other), await names(one));
    } finally {
      await one.stop();
      await other.stop();
    }
  });
});
