import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send } from '../support/send.js';

const SCOPES = ['write', 'read', 'act', 'analyse', 'admin'] as const;
type Scope = (typeof SCOPES)[number];

const NOBODY = '0'.repeat(32);
const EVENT = '{"specversion":"1.0","id":"x","source":"/s","type":"a.b"}';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly scope: Scope;
  readonly body?: string;
  readonly type?: string;
}

/** `known` is the id of somebody. */
const calls = (known: string): Call[] => [
  { method: 'POST', path: '/v1/events', scope: 'write', body: EVENT, type: 'application/cloudevents+json' },
  { method: 'POST', path: '/v1/events?mode=odd', scope: 'write', body: 'x' },
  { method: 'GET', path: '/v1/events', scope: 'analyse' },
  { method: 'GET', path: '/v1/events?limit=0', scope: 'analyse' },
  ...[known, NOBODY, 'nonsense'].flatMap((id): Call[] => [
    { method: 'GET', path: `/v1/customers/${id}`, scope: 'read' },
    { method: 'GET', path: `/v1/customers/${id}/timeline`, scope: 'read' },
    { method: 'GET', path: `/v1/customers/${id}/identity?limit=no`, scope: 'read' },
  ]),
  { method: 'GET', path: '/v1/customers?q=ana', scope: 'read' },
  { method: 'GET', path: '/v1/customers/by/email/ana@example.org', scope: 'read' },
  { method: 'GET', path: '/v1/customers/by/email/nobody@example.org', scope: 'read' },
  { method: 'HEAD', path: '/v1/live', scope: 'read' },
  { method: 'GET', path: `/v1/live?customer=${NOBODY}`, scope: 'read' },
  { method: 'POST', path: '/v1/identity/links', scope: 'act', body: '{}' },
  { method: 'POST', path: '/v1/identity/unlinks', scope: 'act', body: 'x' },
  { method: 'GET', path: '/v1/parked', scope: 'admin' },
  { method: 'POST', path: `/v1/parked/${NOBODY}/redrive`, scope: 'admin' },
  { method: 'GET', path: '/v1/keys', scope: 'admin' },
  { method: 'POST', path: '/v1/keys', scope: 'admin', body: '{}' },
  { method: 'DELETE', path: '/v1/keys/nothing', scope: 'admin' },
];

describe('keys and scopes', () => {
  let hub: TestHub;
  let known: string;
  const keys = new Map<Scope, string>();

  const make = async (body: object): Promise<{ id: string; key: string }> => {
    const response = await hub.fetch('/v1/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 201, await response.clone().text());
    return (await response.json()) as { id: string; key: string };
  };

  const call = ({ method, path, body, type }: Call, authorization?: string): Promise<Response> =>
    fetch(`${hub.url}${path}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { body }),
    });

  before(async () => {
    hub = await startHub();
    const position = await send(hub, [
      { id: 'a', type: 'note.written', data: { identifiers: [{ kind: 'email', value: 'ana@example.org' }] } },
    ]);
    known = (await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${position}`))[
      'id'
    ] as string;
    for (const scope of SCOPES) keys.set(scope, (await make({ scopes: [scope], label: scope })).key);
  });
  after(() => hub.stop());

  it('asks for a key everywhere, and says nothing else', async () => {
    const answers = new Set<string>();
    for (const wanted of calls(known)) {
      for (const authorization of [
        undefined,
        'Bearer',
        'Bearer x',
        `Bearer ${'k'.repeat(40)}`,
        'Basic !!',
        'Digest a=b',
      ]) {
        const response = await call(wanted, authorization);
        assert.equal(response.status, 401, `${wanted.method} ${wanted.path} ${authorization}`);
        assert.match(response.headers.get('www-authenticate') ?? '', /Bearer/);
        if (wanted.method === 'HEAD') continue;
        assert.equal(response.headers.get('content-type'), 'application/problem+json');
        answers.add(await response.text());
      }
    }
    assert.equal(answers.size, 1);
  });

  for (const scope of SCOPES) {
    it(`lets ${scope} do what it may and nothing else, whatever is there`, async () => {
      const refusals = new Set<string>();
      for (const wanted of calls(known)) {
        const response = await call(wanted, `Bearer ${keys.get(scope)}`);
        const text = await response.text();
        const allowed = scope === wanted.scope || scope === 'admin';
        if (allowed)
          assert.ok(![401, 403].includes(response.status), `${wanted.method} ${wanted.path} ${text}`);
        else {
          assert.equal(response.status, 403, `${wanted.method} ${wanted.path}`);
          if (wanted.method !== 'HEAD') refusals.add(text.replace(wanted.scope, '…'));
        }
      }
      assert.ok(refusals.size <= 1);
    });
  }

  it('takes the key as the user name of Basic, whatever the password', async () => {
    for (const password of ['', 'ignored', 'a:b']) {
      const basic = Buffer.from(`${keys.get('read')}:${password}`).toString('base64');
      const response = await call({ method: 'GET', path: '/v1/customers', scope: 'read' }, `Basic ${basic}`);
      assert.equal(response.status, 200);
    }
  });

  it('needs no key for what the hub says of itself', async () => {
    for (const path of [
      '/health/live',
      '/health/ready',
      '/metrics',
      '/openapi.json',
      '/asyncapi.json',
      '/docs',
    ]) {
      assert.equal((await fetch(`${hub.url}${path}`)).status, 200, path);
    }
  });

  it('lists keys without their secrets, and revokes them for good', async () => {
    const { id, key } = await make({ scopes: ['read', 'analyse'], label: 'tablet' });
    const authorization = `Bearer ${key}`;
    const reads: Call = { method: 'GET', path: '/v1/customers', scope: 'read' };
    assert.equal((await call(reads, authorization)).status, 200);
    const listed = JSON.stringify(await read(hub, '/v1/keys'));
    assert.ok(!listed.includes(key));
    assert.match(listed, new RegExp(`"id":"${id}","label":"tablet","scopes":\\["read","analyse"\\]`));
    assert.equal((await hub.fetch(`/v1/keys/${id}`, { method: 'DELETE' })).status, 204);
    assert.equal((await call(reads, authorization)).status, 401);
    assert.equal((await hub.fetch(`/v1/keys/${id}`, { method: 'DELETE' })).status, 404);
  });

  it('names every mistake in the wish for a key', async () => {
    for (const [body, ...paths] of [
      ['{"scopes":[]}', '/scopes'],
      ['{"scopes":["read","root"],"label":7,"more":1}', '/scopes', '/label', '/more'],
      ['{"scopes":["read","read"]}', '/scopes'],
      ['[]', ''],
      ['{', ''],
      ['', ''],
    ] as const) {
      const response = await hub.fetch('/v1/keys', { method: 'POST', body });
      assert.equal(response.status, 400, body);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      const { problems } = (await response.json()) as { problems: { path: string }[] };
      assert.deepEqual([...new Set(problems.map(({ path }) => path))].sort(), [...paths].sort(), body);
    }
  });

  it('knows its keys after a restart, and keeps nothing of them but hashes', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'threadline-keys-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const first = await startHub({ folder, env: { THREADLINE_BOOTSTRAP_KEY: undefined } });
    const made = (await (
      await first.fetch('/v1/keys', { method: 'POST', body: '{"scopes":["read"]}' })
    ).json()) as { id: string; key: string };
    await first.fetch(`/v1/keys/${made.id}`, { method: 'DELETE' });
    await first.kill();
    const second = await startHub({ folder, env: { THREADLINE_BOOTSTRAP_KEY: undefined } });
    const authorization = { authorization: `Bearer ${first.key}` };
    assert.equal((await second.fetch('/v1/keys', { headers: authorization })).status, 200);
    const revoked = { authorization: `Bearer ${made.key}` };
    assert.equal((await second.fetch('/v1/customers', { headers: revoked })).status, 401);
    await second.stop();
    for (const file of await readdir(folder)) {
      const bytes = await readFile(join(folder, file));
      for (const { key } of [first, made]) assert.ok(!bytes.includes(key), file);
    }
  });
});
