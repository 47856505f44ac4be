import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { deadTopic, inboundTopic } from '@threadline/broker/kafka/topics';
import { DEAD_LETTERS, INBOUND } from '@threadline/contracts/events-answer';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { checkerOf, undocumented } from '../support/documents.js';
import { startHub, type TestHub } from '../support/hub.js';
import { declaredRoutes } from '../support/routes.js';
import { read, send } from '../support/send.js';
import { watch } from '../support/watch.js';

interface Operation {
  readonly path: string;
  /** In capitals. */
  readonly method: string;
  readonly operation: JsonObject;
}

const operationsOf = (document: JsonObject): Operation[] =>
  Object.entries(document['paths'] as Record<string, Record<string, JsonObject>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

describe('the documents', () => {
  let hub: TestHub;
  let document: JsonObject;
  let card: JsonObject;

  before(async () => {
    hub = await startHub();
    document = await read(hub, '/openapi.json');
    const identifiers = [
      { kind: 'email', value: 'ana@example.org', name: 'Ana' },
      { kind: 'loyalty', value: 'L1' },
    ];
    const position = await send(hub, [
      {
        id: '1',
        type: 'email.received',
        data: {
          identifiers,
          content: { text: 'zip' },
          facts: [{ slot: 'a', value: 1 }],
          promises: [{ id: 'p' }],
          odd: 1,
        },
      },
      {
        id: '2',
        type: 'purchase.completed',
        data: {
          identifiers,
          purchase: {
            order: '1',
            currency: 'EUR',
            total: '1.00',
            items: [{ category: 'c', quantity: 1, price: '1.00' }],
          },
        },
      },
      { id: '3', type: 'survey.answered', data: { identifiers, survey: { metric: 'nps', score: 9 } } },
      { id: '4', type: 'visit.started', data: { identifiers, store: 's', visit: { detector: 'tap' } } },
      {
        id: '5',
        type: 'social.post',
        data: { identifiers, social: { platform: 'x', url: 'https://x.example/1' }, content: { text: 'hi' } },
      },
      { id: '6', type: 'consent.given', data: { identifiers, consent: { purpose: 'news' } } },
      {
        id: '7',
        type: 'profile.stated',
        data: { identifiers, profile: { name: 'Ana', birthday: '1990-01-01' } },
      },
      { id: '8', type: 'odd.thing', data: { identifiers, channel: 'fax' } },
    ]);
    card = await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${position}`);
  });
  after(() => hub.stop());

  it('are what they say they are', async () => {
    assert.match(document['openapi'] as string, /^3\.1\./);
    assert.equal((await read(hub, '/asyncapi.json'))['asyncapi'], '3.0.0');
  });

  it('name every route that any process declares, and no other', async () => {
    // Swagger UI brings its own.
    const documented = operationsOf(document).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(documented.filter((route) => route !== 'GET /docs').sort(), await declaredRoutes());
  });

  it('tell what a hub serves, and what only a cluster does', async () => {
    const paths = Map.groupBy(operationsOf(document), ({ path }) => path);
    for (const [path, operations] of paths) {
      const response = await hub.fetch(path.replaceAll(/\{\w+\}/g, '0'.repeat(32)), { method: 'OPTIONS' });
      const allowed = (response.headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD');
      const served = operations.filter(({ operation }) => operation['x-threadline-mode'] === undefined);
      assert.deepEqual(allowed.filter(Boolean).sort(), served.map(({ method }) => method).sort(), path);
    }
  });

  it('make topics as the services make them', async () => {
    const channels = (await read(hub, '/asyncapi.json'))['channels'] as Record<string, JsonObject>;
    for (const [channel, made] of [
      ['inbound', inboundTopic(INBOUND)],
      ['dead', deadTopic(DEAD_LETTERS)],
    ] as const) {
      const { topic, partitions, topicConfiguration } = (channels[channel]?.['bindings'] as JsonObject)[
        'kafka'
      ] as { topic: string; partitions: number; topicConfiguration: Record<string, number | string[]> };
      const settings = Object.entries(topicConfiguration).map(([name, value]) => [name, String(value)]);
      assert.deepEqual([topic, partitions], [made.name, made.partitions]);
      assert.deepEqual(Object.fromEntries(settings), made.settings);
    }
  });

  it('describe the answers as they are, member by member', async () => {
    const check = checkerOf(document);
    const id = card['id'] as string;
    const answers: [string, string][] = [
      ['Card', `/v1/customers/${id}`],
      ['Card', `/v1/customers/${id}?explain=true`],
      ['TimelinePage', `/v1/customers/${id}/timeline`],
      ['IdentityPage', `/v1/customers/${id}/identity`],
      ['SearchPage', '/v1/customers?q=ana'],
      ['SearchPage', '/v1/customers?q=zip'],
      ['SearchPage', '/v1/customers'],
      ['LogPage', '/v1/events'],
      ['ParkedPage', '/v1/parked'],
      ['KeyList', '/v1/keys'],
    ];
    for (const [schema, path] of answers) {
      const answer = await read(hub, path);
      check(schema, answer);
      if (schema === 'LogPage') continue;
      assert.deepEqual(undocumented({ $ref: `#/components/schemas/${schema}` }, answer, document), [], path);
    }
    const made = await hub.fetch('/v1/keys', { method: 'POST', body: '{"scopes":["read"]}' });
    check('NewKey', await made.json());
    for (const [path, status] of [
      [`/v1/customers/${'0'.repeat(32)}`, 404],
      ['/v1/customers?limit=0&x=1', 400],
    ] as const) {
      const problem = await read(hub, path, status);
      check('Problem', problem);
      assert.deepEqual(undocumented({ $ref: '#/components/schemas/Problem' }, problem, document), []);
    }
  });

  it('take their own examples', async () => {
    const post = (document['paths'] as Record<string, JsonObject>)['/v1/events']?.['post'] as JsonObject;
    const content = (post['requestBody'] as JsonObject)['content'] as Record<string, JsonObject>;
    for (const [type, { example }] of Object.entries(content)) {
      const ce =
        type === 'application/json'
          ? { 'ce-specversion': '1.0', 'ce-id': 'b', 'ce-source': '/b', 'ce-type': 'email.received' }
          : {};
      const response = await hub.fetch('/v1/events', {
        method: 'POST',
        headers: { 'content-type': type, ...ce } as Record<string, string>,
        body: JSON.stringify(example),
      });
      const answer = (await response.json()) as JsonObject;
      assert.equal(response.status, 202, JSON.stringify(answer));
      checkerOf(document)('Accepted', answer);
    }
    const refused = await hub.fetch('/v1/events', {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: '{"specversion":"1.0","id":"bad","source":"/b","type":"survey.answered","data":{"survey":{"metric":"x"}}}',
    });
    assert.equal(refused.status, 400);
    checkerOf(document)('Rejection', await refused.json());
  });

  it('describe what is pushed', async () => {
    const check = checkerOf(await read(hub, '/asyncapi.json'));
    const watcher = await watch(hub, '', '0');
    const pushed = await watcher.until((all) => all.some(({ event }) => event === 'visit') && all.length > 8);
    watcher.close();
    const schemas: Record<string, string> = {
      interaction: 'LiveInteraction',
      visit: 'LiveVisit',
      'customer.changed': 'CustomerChanged',
    };
    for (const { event, data } of pushed) check(schemas[event] ?? event, data);
  });

  it('can be read in a browser without leaving the machine', async () => {
    const page = await (await fetch(`${hub.url}/docs`)).text();
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    assert.ok(files.length >= 3);
    for (const file of files) {
      assert.doesNotMatch(file, /^(https?:)?\/\//);
      const response = await fetch(new URL(file, `${hub.url}/docs`));
      assert.equal(response.status, 200, file);
    }
  });
});

describe('the metrics', () => {
  it('tell requests, events, lag, parked interactions and memory', async () => {
    const hub = await startHub();
    await send(hub, [{ id: '1', type: 'note.written', data: {} }]);
    await read(hub, '/v1/customers?minPosition=1');
    const response = await fetch(`${hub.url}/metrics`);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
    const text = await response.text();
    for (const line of [
      /^threadline_http_request_duration_seconds_count\{method="POST",route="\/v1\/events",status="202"\} 1$/m,
      /^threadline_events_accepted_total\{outcome="accepted"\} 1$/m,
      /^threadline_projection_lag_events 0$/m,
      /^threadline_parked_interactions 0$/m,
      /^process_resident_memory_bytes \d+$/m,
      /^nodejs_eventloop_lag_seconds /m,
    ]) {
      assert.match(text, line);
    }
    await hub.stop();
  });
});
