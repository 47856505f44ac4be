import 'reflect-metadata';
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { EVENT_LIMIT, REQUEST_LIMIT } from '@threadline/contracts/cloudevents';
import type { EventsAnswer } from '@threadline/contracts/events-answer';
import type { Message } from '@threadline/broker/broker';
import { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import { newKey, type Scope } from '@threadline/platform/auth';
import { createHttpApp, type HttpApp } from '@threadline/platform/http-app';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { GatewayModule } from './gateway-module.js';

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const EVENT = '{"specversion":"1.0","id":"1","source":"/s","type":"a.b"}';

const TAKEN: EventsAnswer = {
  status: 202,
  taken: { accepted: 1, duplicates: 0, rejected: [], position: '7' },
};

describe('POST /v1/events', () => {
  const { port1, port2 } = new MessageChannel();
  const publisher = new EmbeddedBroker(port1, { messagesInFlight: 4 });
  const consumer = new EmbeddedBroker(port2);
  const directory = new KeyDirectory();
  const keys = { write: newKey(), read: newKey(), admin: newKey() };
  let http: HttpApp;
  let url: string;
  let answer: (message: Message) => Promise<EventsAnswer> = () => Promise.resolve(TAKEN);
  let taken: Message | undefined;

  before(async () => {
    for (const [scope, key] of Object.entries(keys))
      directory.admit(key, { id: scope, scopes: [scope as Scope] });
    await consumer.consume(['interactions.inbound'], (message) => {
      taken = message;
      return answer(message);
    });
    http = await createHttpApp(GatewayModule.of({ broker: publisher, keys: directory }), {
      bodyLimit: REQUEST_LIMIT,
      logger: false,
      unforeseen: () => undefined,
      answered: () => undefined,
    });
    await http.app.listen(0, '127.0.0.1');
    url = `${await http.app.getUrl()}/v1/events`;
  });

  after(async () => {
    await http.app.close();
    await publisher.close();
    await consumer.close();
  });

  interface Sent {
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly type?: string;
    readonly key?: string;
    readonly headers?: Record<string, string>;
    readonly query?: string;
  }
  const post = async ({
    body = EVENT,
    type = STRUCTURED,
    key = keys.write,
    headers = {},
    query = '',
  }: Sent): Promise<Response> => {
    taken = undefined;
    answer = () => Promise.resolve(TAKEN);
    return fetch(`${url}${query}`, {
      method: 'POST',
      body,
      headers: {
        ...(type && { 'content-type': type }),
        ...(key && { authorization: `Bearer ${key}` }),
        ...headers,
      },
    });
  };

  it('hands the body over as it came, and answers with what comes back', async () => {
    const response = await post({ body: ' {"é":1}\n' });
    assert.equal(response.status, 202);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    assert.deepEqual(await response.json(), TAKEN.status === 202 && TAKEN.taken);
    assert.equal(Buffer.from(taken?.body ?? []).toString(), ' {"é":1}\n');
    assert.deepEqual(taken?.headers, { 'content-type': STRUCTURED });
  });

  it('passes the ce-* headers of binary mode on, and no others', async () => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': 'a%20b', 'x-other': 'x' };
    assert.equal((await post({ type: 'application/json', headers })).status, 202);
    assert.deepEqual(taken?.headers, {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': 'a%20b',
    });
  });

  it('takes an event in binary mode without body and content type', async () => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.write}`, 'ce-id': '1', 'ce-specversion': '1.0' },
    });
    assert.equal(response.status, 202);
    assert.equal(taken?.body.byteLength, 0);
  });

  const scopes: [name: string, key: string, status: number][] = [
    ['none', '', 401],
    ['an unknown one', 'x'.repeat(30), 401],
    ['one to read', keys.read, 403],
    ['one to write', keys.write, 202],
    ['one of an administrator', keys.admin, 202],
  ];
  for (const [name, key, status] of scopes) {
    it(`answers ${status} to a key: ${name}`, async () => {
      const response = await post({ key });
      assert.equal(response.status, status);
      assert.equal(taken === undefined, status !== 202);
    });
  }

  it('takes a key as the user name of Basic', async () => {
    const headers = { authorization: `Basic ${Buffer.from(`${keys.write}:`).toString('base64')}` };
    assert.equal((await post({ key: '', headers })).status, 202);
  });

  const atOnce: [name: string, sent: Sent, status: number, code: string][] = [
    ['plain JSON', { type: 'application/json' }, 415, 'unknown-content-type'],
    ['another charset', { type: `${STRUCTURED}; charset=utf-16` }, 415, 'unknown-content-type'],
    ['compressed', { headers: { 'content-encoding': 'gzip' } }, 415, 'unknown-content-type'],
    ['an event over 1 MiB', { body: 'x'.repeat(EVENT_LIMIT + 1) }, 413, 'too-large'],
    ['an unknown mode', { query: '?mode=fast' }, 400, 'invalid-request'],
    ['an empty mode', { query: '?mode=' }, 400, 'invalid-request'],
    ['two modes', { query: '?mode=backfill&mode=backfill' }, 400, 'invalid-request'],
    ['an unknown parameter', { query: '?fast=1' }, 400, 'invalid-request'],
  ];
  for (const [name, sent, status, code] of atOnce) {
    it(`refuses ${name} by itself: ${status}`, async () => {
      const response = await post(sent);
      const told = (await response.json()) as { status: number; code: string; rejected: unknown };
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.deepEqual([response.status, told.status, told.code, told.rejected], [status, status, code, []]);
      assert.equal(taken, undefined);
    });
  }

  it('refuses a request over 8 MiB: 413, as a problem', async () => {
    const response = await post({ type: BATCH, body: 'x'.repeat(REQUEST_LIMIT + 1) });
    assert.equal(response.status, 413);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  });

  it('takes a batch of 8 MiB', async () => {
    assert.equal((await post({ type: BATCH, body: 'x'.repeat(REQUEST_LIMIT) })).status, 202);
    assert.equal(taken?.body.byteLength, REQUEST_LIMIT);
  });

  it('passes the backfill mode on', async () => {
    assert.equal((await post({ query: '?mode=backfill&wait=log' })).status, 202);
    assert.equal(taken?.headers['mode'], 'backfill');
  });

  it('says whether the key may decide, and nobody else can', async () => {
    const headers = { decides: 'true', 'ce-decides': 'true', 'ce-id': '1', 'ce-specversion': '1.0' };
    await post({ headers });
    assert.equal(taken?.headers['decides'], undefined);
    await post({ headers, type: 'application/json' });
    assert.equal(taken?.headers['decides'], undefined);
    await post({ key: keys.admin });
    assert.equal(taken?.headers['decides'], 'true');
  });

  it('takes one event of up to 8 MiB from who may decide: ingest knows whether it is a decision', async () => {
    assert.equal((await post({ key: keys.admin, body: 'x'.repeat(REQUEST_LIMIT) })).status, 202);
    assert.equal(taken?.body.byteLength, REQUEST_LIMIT);
  });

  for (const status of [400, 409, 413, 415] as const) {
    it(`answers a refusal of ingest, ${status}, as a problem with what was rejected`, async () => {
      const rejected = [
        { index: 0, id: 'x', code: 'invalid' as const, problems: [{ path: '/id', message: 'expected' }] },
      ];
      const sent = post({});
      answer = () => Promise.resolve({ status, code: 'rejected', detail: 'no', rejected });
      const response = await sent;
      const { title: _, ...told } = (await response.json()) as { title: string };
      assert.deepEqual(told, { type: 'about:blank', status, code: 'rejected', detail: 'no', rejected });
      assert.equal(response.status, status);
    });
  }

  it('answers 503 with Retry-After beyond its bound, and takes nothing', async () => {
    const gate = Promise.withResolvers<EventsAnswer>();
    const first = [1, 2, 3, 4].map(() => post({}));
    let held = 0;
    answer = () => {
      held++;
      return gate.promise;
    };
    // Until the consumer has them: one on its way to it is in flight already.
    while (held < 4) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(publisher.inFlight.messages, 4);
    taken = undefined;
    const response = await fetch(url, {
      method: 'POST',
      body: EVENT,
      headers: { 'content-type': STRUCTURED, authorization: `Bearer ${keys.write}` },
    });
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
    assert.equal(taken, undefined);
    gate.resolve(TAKEN);
    assert.deepEqual(
      (await Promise.all(first)).map(({ status }) => status),
      [202, 202, 202, 202],
    );
  });

  it('answers 503 with Retry-After when nothing can be written', async () => {
    const sent = post({});
    answer = () =>
      Promise.reject(
        Object.assign(new Error('no room'), {
          code: 'store-full',
          retriable: true,
          status: 503,
          retryAfter: 5,
        }),
      );
    const response = await sent;
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '5');
    assert.equal(((await response.json()) as { code: string }).code, 'store-full');
  });
});
