import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EVENT_LIMIT } from '@threadline/contracts/cloudevents';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send } from '../support/send.js';
import { watch } from '../support/watch.js';

const ENV = {
  THREADLINE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
  THREADLINE_COUNTRY: 'GB',
};

const email = (value: string): JsonObject => ({ kind: 'email', value });
let count = 0;
const named = (): string => `who-${++count}`;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
}

async function post(
  hub: TestHub,
  path: string,
  body: Json,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await hub.fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as JsonObject };
}

const link = (hub: TestHub, body: Json, headers?: Record<string, string>): Promise<Answer> =>
  post(hub, '/v1/identity/links', body, headers);
const unlink = (hub: TestHub, body: Json, headers?: Record<string, string>): Promise<Answer> =>
  post(hub, '/v1/identity/unlinks', body, headers);

const STRUCTURED = { 'content-type': 'application/cloudevents+json' };
const BATCH = { 'content-type': 'application/cloudevents-batch+json' };

const logOf = async (hub: TestHub, query = ''): Promise<JsonObject[]> => {
  const response = await hub.fetch(`/v1/events?format=ndjson${query}`);
  assert.equal(response.status, 200);
  const lines = (await response.text()).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as JsonObject);
};

/** The event that an answer tells of, as the log gives it. */
const eventOf = async (hub: TestHub, { body, status }: Answer): Promise<JsonObject> => {
  assert.equal(status, 202, JSON.stringify(body));
  const after = String(Number(body['position']) - 1);
  const [found] = await logOf(hub, `&after=${after}&limit=1`);
  assert.equal(found?.['threadlineevent'], body['event']);
  return found ?? {};
};

const timeOf = (event: JsonObject): number => Date.parse(event['time'] as string);

const nobodyParked = async (hub: TestHub, position: unknown): Promise<void> => {
  const { parked } = await read(hub, `/v1/parked?minPosition=${String(position)}`);
  assert.deepEqual(parked, []);
};

describe('decisions of people', () => {
  let hub: TestHub;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'threadline-decisions-'));
    hub = await startHub({ env: ENV, folder });
  });
  after(async () => {
    await hub.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const keyWith = async (scopes: string[], label?: string): Promise<{ id: string; key: string }> => {
    const made = await post(hub, '/v1/keys', { scopes, ...(label !== undefined && { label }) });
    assert.equal(made.status, 201);
    return made.body as { id: string; key: string };
  };

  /** One customer of these parties. */
  const customer = async (...values: string[]): Promise<void> => {
    const identifiers = values.map((value) => ({ kind: 'anonymous', value }));
    await send(hub, [{ id: named(), type: 'chat.message', data: { identifiers } }]);
  };
  /** However long it takes: a read waits for 5 s. */
  const caughtUp = async (): Promise<void> => {
    const [{ threadlineposition: last = '' } = {}] = (await logOf(hub)).slice(-1);
    while ((await hub.fetch(`/v1/customers?limit=1&minPosition=${last as string}`)).status === 504);
  };
  const cookie = (value: string): JsonObject => ({ kind: 'anonymous', value });

  describe('a link', () => {
    it('is in the log as it was decided, parties normalised, and nothing is parked for it', async () => {
      const { id, key } = await keyWith(['act'], 'care desk');
      const parties = [email(' Ana@Example.org'), { kind: 'phone', value: '020 7946 0018' }];
      const staff = { id: 'a-7', name: 'Kofi' };
      const answer = await link(
        hub,
        { parties, reason: 'she showed her card', staff },
        { authorization: `Bearer ${key}` },
      );
      const event = await eventOf(hub, answer);
      assert.equal(answer.headers.get('x-threadline-position'), answer.body['position']);
      assert.deepEqual([event['source'], event['type']], ['/threadline/identity', 'identity.linked']);
      assert.match(event['id'] as string, /^[0-9a-f]{8}-/);
      assert.deepEqual(event['data'], {
        parties: [email('ana@example.org'), { kind: 'phone', value: '+442079460018' }],
        reason: 'she showed her card',
        by: { key: id, label: 'care desk', staff },
      });
      await nobodyParked(hub, answer.body['position']);
    });

    it('needs neither a reason nor anybody who was named before', async () => {
      const event = await eventOf(hub, await link(hub, { parties: [email(named()), email(named())] }));
      assert.deepEqual(Object.keys(event['data'] as JsonObject), ['parties', 'by']);
    });

    it('is not on timelines and not in search', async () => {
      const [one, other] = [named(), named()];
      await customer(one);
      const { body } = await link(hub, { parties: [cookie(one), cookie(other)], reason: 'zanzibar' });
      const wait = `minPosition=${body['position'] as string}`;
      const card = await read(hub, `/v1/customers/by/anonymous/${one}?${wait}`);
      const { entries } = await read(hub, `/v1/customers/${card['id'] as string}/timeline`);
      assert.deepEqual(
        (entries as JsonObject[]).map(({ type }) => type),
        ['chat.message'],
      );
      assert.deepEqual((await read(hub, '/v1/customers?q=zanzibar'))['customers'], []);
    });
  });

  describe('an unlink', () => {
    it('tells both sides, as they were', async () => {
      const [a, b, c] = [named(), named(), named()];
      await customer(a, b, c);
      const event = await eventOf(hub, await unlink(hub, { parties: [cookie(b)], reason: 'another person' }));
      assert.equal(event['type'], 'identity.unlinked');
      const { parties, rest, reason } = event['data'] as JsonObject;
      assert.deepEqual([parties, rest, reason], [[cookie(b)], [cookie(a), cookie(c)], 'another person']);
      await nobodyParked(hub, event['threadlineposition']);
    });

    it('of what cannot be parted is refused, and says why', async () => {
      const [a, b, c, d] = [named(), named(), named(), named()];
      await customer(a, b);
      await customer(c, d);
      const before = (await logOf(hub)).length;
      const cases: [parties: string[], code: string, paths: string[]][] = [
        [[a, b], 'whole-customer', []],
        [[a, c, b, d], 'several-customers', ['/parties/1', '/parties/3']],
        [[a, named()], 'unknown-party', ['/parties/1']],
        [[named()], 'unknown-party', ['/parties/0']],
      ];
      for (const [parties, code, paths] of cases) {
        const { status, body, headers } = await unlink(hub, { parties: parties.map(cookie) });
        assert.equal(status, 409, code);
        assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
        assert.equal(body['code'], code);
        const problems = (body['problems'] ?? []) as JsonObject[];
        assert.deepEqual(
          problems.map(({ path }) => path),
          paths,
        );
        assert.ok(!JSON.stringify(body).includes(a), 'no value is repeated');
      }
      assert.equal((await logOf(hub)).length, before, 'nothing was written');
    });
  });

  describe('a body that is none', () => {
    const two = [email('x@example.org'), email('y@example.org')];
    const cases: [name: string, body: Json, paths: string[]][] = [
      ['no object', [], ['']],
      ['nothing in it', {}, ['/parties']],
      ['one party twice', { parties: [email('x@example.org'), email(' X@example.org')] }, ['/parties']],
      ['one party', { parties: two.slice(1) }, ['/parties']],
      ['parties that are none', { parties: ['x', null, []] }, ['/parties', '/parties/0', '/parties/1']],
      [
        'parties that say too little, and too much',
        { parties: [{ kind: ' ' }, { kind: 'email', value: 'x', name: 'Ana' }] },
        ['/parties/0/kind', '/parties/0/value', '/parties/1/name'],
      ],
      [
        'members that nobody knows',
        { parties: two, rest: two, reason: '', staff: { role: 'x', name: 7 } },
        ['/reason', '/rest', '/staff/name', '/staff/role'],
      ],
      ['a reason that is too long', { parties: two, reason: 'x'.repeat(2_001) }, ['/reason']],
      ['half a character', { parties: two, reason: 'x\ud800' }, ['/reason']],
      ['staff that is none', { parties: two, staff: 'Kofi' }, ['/staff']],
    ];
    for (const [name, body, paths] of cases) {
      it(`${name}: 400, every problem named`, async () => {
        const answer = await link(hub, body);
        assert.equal(answer.status, 400, JSON.stringify(answer.body));
        const problems = answer.body['problems'] as { path: string }[];
        assert.deepEqual(
          [...new Set(problems.map(({ path }) => path))].sort(),
          paths,
          JSON.stringify(problems),
        );
      });
    }

    it('too many parties: 400; too many bytes: 413; a key that is none: 400', async () => {
      const many = Array.from({ length: 10_001 }, (_, i) => ({ kind: 'user', value: String(i) }));
      assert.equal((await link(hub, { parties: many })).status, 400);
      const { status, body } = await link(hub, { parties: two, reason: 'x'.repeat(EVENT_LIMIT) });
      assert.deepEqual([status, body['code']], [413, 'too-large']);
      const odd = await link(hub, { parties: two }, { 'idempotency-key': 'a b' });
      assert.deepEqual([odd.status, odd.body['code']], [400, 'invalid-request']);
    });
  });

  describe('an Idempotency-Key', () => {
    it('makes the same decision of a repeated one, in quotes or not, at once or later', async () => {
      const parties = [email(named()), email(named())];
      const key = named();
      const sent = { parties, reason: 'once', staff: { name: 'Kofi' } };
      const answers = await Promise.all(
        [key, `"${key}"`, key].map((one) => link(hub, sent, { 'idempotency-key': one })),
      );
      answers.push(await link(hub, sent, { 'idempotency-key': key }));
      for (const { status, body } of answers) assert.deepEqual([status, body], [202, answers[0]?.body]);
      const event = await eventOf(hub, answers[0] as Answer);
      assert.equal(event['id'], key);
      const log = await logOf(hub, '&types=identity.linked');
      assert.equal(log.filter(({ id }) => id === key).length, 1);
    });

    it('answers an unlink as before, whatever has become of its customer', async () => {
      const [a, b] = [named(), named()];
      await customer(a, b);
      const header = { 'idempotency-key': named() };
      const first = await unlink(hub, { parties: [cookie(a)] }, header);
      const again = await unlink(hub, { parties: [cookie(a)] }, header);
      assert.deepEqual([again.status, again.body], [202, first.body]);
    });

    it('with another body is refused', async () => {
      const parties = [email(named()), email(named())];
      const header = { 'idempotency-key': named() };
      assert.equal((await link(hub, { parties }, header)).status, 202);
      for (const other of [
        { parties: [...parties].reverse() },
        { parties, reason: 'another' },
        { parties, staff: { id: 'a-7' } },
      ]) {
        const { status, body } = await link(hub, other, header);
        assert.deepEqual([status, body['code']], [409, 'conflict']);
      }
      assert.equal((await unlink(hub, { parties: parties.slice(1) }, header)).status, 409);
    });
  });

  it('are each later than all before, also after a restart and after one of the future', async () => {
    const future = '2031-05-05T05:05:05.005Z';
    const data = { parties: [email(named()), email(named())] };
    const sent = {
      specversion: '1.0',
      id: named(),
      source: '/s',
      type: 'identity.linked',
      time: future,
      data,
    };
    assert.equal((await post(hub, '/v1/events', sent, STRUCTURED)).status, 202);
    const decide = async (): Promise<void> => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => link(hub, { parties: [email(named()), email(named())] })),
      );
      for (const { status } of answers) assert.equal(status, 202);
    };
    await decide();
    await hub.stop();
    hub = await startHub({ env: ENV, folder });
    await decide();
    const times = (await logOf(hub, '&types=identity.linked,identity.unlinked')).map(timeOf);
    const late = times.slice(times.indexOf(Date.parse(future)));
    assert.equal(late.length, 21);
    assert.deepEqual(
      late,
      [...new Set(late)].sort((a, b) => a - b),
    );
  });

  it('are pushed as the customers that they change, unless they are backfilled', async () => {
    const [a, b, c, d] = [named(), named(), named(), named()];
    await customer(a, b);
    await customer(c);
    await caughtUp();
    const watcher = await watch(hub);
    const linked = await link(hub, { parties: [cookie(a), cookie(c)] });
    const backfilled = {
      specversion: '1.0',
      id: named(),
      source: '/s',
      type: 'identity.linked',
      data: { parties: [cookie(b), cookie(c)] },
    };
    assert.equal((await post(hub, '/v1/events?mode=backfill', backfilled, STRUCTURED)).status, 202);
    await customer(d);
    const pushed = await watcher.until((all) => all.some(({ event }) => event === 'interaction'));
    watcher.close();
    const present = async (value: string): Promise<Json | undefined> =>
      (await read(hub, `/v1/customers/by/anonymous/${value}`))['id'];
    const changed = new Set([await present(a), await present(c)]);
    const told = pushed.filter(({ id }) => id === linked.body['position']);
    assert.deepEqual(new Set(told.map(({ data }) => data['id'])), changed);
    assert.deepEqual(new Set(told.map(({ event }) => event)), new Set(['customer.changed']));
    const rest = pushed.filter((one) => !told.includes(one)).map(({ event }) => event);
    assert.deepEqual(rest, ['interaction', 'customer.changed'], 'nothing of what was backfilled');
  });

  it('lie in no file in clear: neither whom they name, nor who decided, nor why', async () => {
    const secrets = [
      'quirinius.vane@example.org',
      'vane-cookie-77123',
      'Because-Quirinius-Said',
      'Kofi-Zephyr',
    ];
    const [address = '', value = '', reason = '', name = ''] = secrets;
    const parties = [email(address), cookie(value)];
    await link(hub, { parties, reason, staff: { id: `${name}-id`, name } });
    const { body, status } = await unlink(hub, { parties: [email(address)], reason, staff: { name } });
    // Who is joined by a link alone can be parted where links make customers.
    assert.ok(status === 202 || body['code'] === 'unknown-party', JSON.stringify(body));
    const blocked = secrets.map((secret) => ({ kind: '*', value: secret }));
    const rules = { name: 'ours', version: 1, blocked };
    const applied = {
      specversion: '1.0',
      id: named(),
      source: '/s',
      type: 'identity.rules.applied',
      data: { rules },
    };
    assert.equal((await post(hub, '/v1/events', applied, STRUCTURED)).status, 202);
    await hub.stop();
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!file.isFile() || file.name.startsWith('search.db')) continue;
      const bytes = await readFile(join(file.parentPath, file.name));
      for (const secret of secrets) {
        for (const text of [secret, secret.toLowerCase(), Buffer.from(secret).toString('base64')])
          assert.equal(bytes.includes(text), false, `${file.name} holds ${text}`);
      }
    }
    hub = await startHub({ env: ENV, folder });
  });

  describe('given out with the log', () => {
    const plain = ({ threadlineposition: _, threadlinerecordedat: __, ...rest }: JsonObject): JsonObject =>
      rest;
    let log: JsonObject[];
    before(async () => {
      const rules = { specversion: '1.0', id: named(), source: '/s', type: 'identity.rules.applied' };
      const applied = {
        ...rules,
        time: '2026-03-02T00:00:00Z',
        data: { rules: { name: 'ours', version: 2 } },
      };
      assert.equal((await post(hub, '/v1/events', applied, STRUCTURED)).status, 202);
      log = await logOf(hub);
    });

    it('and sent back by an administrator, they are known', async () => {
      const { status, body } = await post(hub, '/v1/events', log, BATCH);
      assert.deepEqual([status, body['accepted'], body['duplicates']], [202, 0, log.length]);
    });

    it('and sent to an empty hub with the same master key, they make the same log', async () => {
      const other = await startHub({ env: ENV });
      try {
        const { status, body } = await post(other, '/v1/events', log, BATCH);
        assert.deepEqual([status, body['accepted'], body['rejected']], [202, log.length, []]);
        assert.deepEqual((await logOf(other)).map(plain), log.map(plain));
        await nobodyParked(other, body['position']);
      } finally {
        await other.stop();
      }
    });

    it('are found by their types', async () => {
      for (const type of ['identity.linked', 'identity.unlinked', 'identity.rules.applied']) {
        const found = await logOf(hub, `&types=${type}`);
        assert.ok(found.length > 0);
        assert.deepEqual(new Set(found.map((event) => event['type'])), new Set([type]));
      }
    });

    it('are refused from a key that may only write, by their type', async () => {
      const { key } = await keyWith(['write', 'act']);
      const decisions = log.filter(({ type }) => /^identity\./.test(type as string));
      const headers = { ...BATCH, authorization: `Bearer ${key}` };
      const { status, body } = await post(hub, '/v1/events', decisions, headers);
      assert.equal(status, 400);
      const rejected = body['rejected'] as { problems: { path: string; message: string }[] }[];
      assert.equal(rejected.length, decisions.length);
      for (const { problems } of rejected) {
        assert.deepEqual(
          problems.map(({ path }) => path),
          ['/type'],
        );
        assert.match(problems[0]?.message ?? '', /it takes a key with the scope admin/);
      }
    });
  });

  it('of a customer of very many parties can be made, and sent back, though they are larger than other events', async () => {
    const values = Array.from({ length: 2_000 }, (_, i) => `${'crowd'.repeat(110)}-${i}`);
    const [first = ''] = values;
    for (const half of [values.slice(0, 1_000), [first, ...values.slice(1_000)]]) await customer(...half);
    await caughtUp();
    const event = await eventOf(hub, await unlink(hub, { parties: [cookie(values[7] ?? '')] }));
    assert.equal(((event['data'] as JsonObject)['rest'] as Json[]).length, 1_999);
    assert.ok(JSON.stringify(event).length > EVENT_LIMIT);
    const sent: [body: Json, type: Record<string, string>][] = [
      [event, STRUCTURED],
      [[event], BATCH],
    ];
    for (const [body, type] of sent) {
      const { status, body: told } = await post(hub, '/v1/events', body, type);
      assert.deepEqual([status, told['duplicates']], [202, 1]);
    }
    const { status } = await post(hub, '/v1/events', { ...event, type: 'identity.checked' }, STRUCTURED);
    assert.equal(status, 413);
  });

  it('that could not be sent back once they are given out are refused: 413', async () => {
    const values = Array.from({ length: 300 }, (_, i) => `${i}-${'x'.repeat(30_000)}`);
    for (let from = 0; from < values.length; from += 30)
      await customer('large', ...values.slice(from, from + 30));
    await caughtUp();
    const { status, body } = await unlink(hub, { parties: [cookie('large')] });
    assert.deepEqual([status, body['code']], [413, 'too-large']);
    assert.match(body['detail'] as string, /could not be sent back/);
  });
});
