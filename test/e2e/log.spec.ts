import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send, type Sent } from '../support/send.js';

const MASTER = { THREADLINE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64') };

const who = [
  { kind: 'email', value: 'Ana@Example.org', name: 'Ana' },
  { kind: 'loyalty', value: 'L1', note: 'kept' },
];

const sent: Sent[] = [
  {
    id: '1',
    type: 'email.received',
    time: '2026-03-02T10:15:00.5+01:00',
    subject: 'a subject',
    myextension: 'kept',
    data: { identifiers: who, unknown: { deep: [1, null] } },
  },
  {
    id: '2',
    type: 'chat.message',
    data: { identifiers: [{ kind: 'loyalty', value: 'L1' }], content: { text: 'hello' } },
  },
  { id: '3', type: 'odd.thing', time: '2026-03-01T00:00:00Z', data: { any: 'thing' } },
  {
    id: '4',
    type: 'survey.answered',
    time: '2026-03-03T00:00:00Z',
    data: { identifiers: who, survey: { metric: 'nps', score: 9 } },
  },
];

const lines = async (hub: TestHub, query: string): Promise<JsonObject[]> => {
  const response = await hub.fetch(`/v1/events?format=ndjson${query}`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^application\/x-ndjson/);
  const text = await response.text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JsonObject);
};

describe('the log for analysts', () => {
  let hub: TestHub;

  before(async () => {
    hub = await startHub({ env: MASTER });
    for (const event of sent) await send(hub, [event]);
    await hub.fetch('/v1/keys', { method: 'POST', body: '{"scopes":["read"]}' });
  });
  after(() => hub.stop());

  it('gives events as they came, with where they stand', async () => {
    const { events, next } = await read(hub, '/v1/events');
    assert.equal(next, null);
    assert.equal((events as JsonObject[]).length, sent.length);
    (events as JsonObject[]).forEach((event, i) => {
      const { threadlineposition, threadlinerecordedat, threadlineevent, ...came } = event;
      assert.equal(threadlineposition, String(i + 1));
      assert.match(threadlinerecordedat as string, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
      assert.match(threadlineevent as string, /^[0-9a-f-]{36}$/);
      if (sent[i]?.time === undefined) delete came['time'];
      assert.deepEqual(came, { specversion: '1.0', source: '/test', ...sent[i] });
    });
  });

  it('gives the same as lines, and the same on every read', async () => {
    const { events } = await read(hub, '/v1/events');
    assert.deepEqual(await lines(hub, ''), events);
    assert.deepEqual((await read(hub, '/v1/events'))['events'], events);
  });

  it('goes on after a position, page by page', async () => {
    const seen: unknown[] = [];
    let after = '0';
    for (let page = 0; page < 10; page++) {
      const { events, next } = await read(hub, `/v1/events?limit=1&after=${after}`);
      seen.push(...(events as JsonObject[]).map(({ id }) => id));
      if (next === null) break;
      after = next as string;
    }
    assert.deepEqual(seen, ['1', '2', '3', '4']);
    assert.deepEqual((await read(hub, '/v1/events?after=999999'))['events'], []);
    assert.deepEqual(
      (await lines(hub, '&after=2&limit=1')).map(({ id }) => id),
      ['3'],
    );
  });

  it('keeps to the types that are asked for', async () => {
    for (const [query, expected] of [
      ['types=odd.thing', ['3']],
      ['types=odd.thing,chat.message', ['2', '3']],
      ['types=odd.thing&types=chat.message,survey.answered', ['2', '3', '4']],
      ['types=no.such', []],
      ['types=key.created', []],
    ] as const) {
      const { events } = await read(hub, `/v1/events?${query}`);
      assert.deepEqual(
        (events as JsonObject[]).map(({ id }) => id),
        expected,
        query,
      );
    }
  });

  it('makes the same customers of an empty hub with the same master key', async () => {
    const other = await startHub({ env: MASTER });
    try {
      const { events } = await read(hub, '/v1/events');
      const response = await other.fetch('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: JSON.stringify((events as JsonObject[]).toReversed()),
      });
      const { accepted, position } = (await response.json()) as { accepted: number; position: string };
      assert.equal(accepted, sent.length);
      const path = '/v1/customers/by/loyalty/L1';
      const card = await read(hub, path);
      assert.deepEqual(await read(other, `${path}?minPosition=${position}`), card);
      const plain = async (from: TestHub): Promise<unknown> => {
        const { entries } = await read(from, `/v1/customers/${card['id'] as string}/timeline`);
        return (entries as JsonObject[]).map((entry) => ({ ...entry, position: '', recordedAt: '' }));
      };
      assert.deepEqual(await plain(other), await plain(hub));
    } finally {
      await other.stop();
    }
  });

  it('is sent as fast as it is read, however long it is', async () => {
    const text = 'x'.repeat(900_000);
    for (let i = 0; i < 40; i++) {
      await send(hub, [{ id: `big-${i}`, type: 'note.written', data: { content: { text } } }]);
    }
    const response = await hub.fetch('/v1/events?format=ndjson&types=note.written');
    const memory = async (): Promise<number> =>
      Number(/^process_resident_memory_bytes (\d+)/m.exec(await (await hub.fetch('/metrics')).text())?.[1]);
    const before = await memory();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let bytes = (await reader.read()).value?.byteLength ?? 0;
    const unread = (await memory()) - before;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      bytes += piece.value.byteLength;
    assert.ok(bytes > 36_000_000);
    assert.ok(unread < 200_000_000, `${unread} bytes are held for a reader who waits`);
  });
});

describe('new read models beside the live ones', () => {
  it('are built, followed, and read at once, with reads served throughout', async () => {
    const hub = await startHub();
    try {
      const events = Array.from({ length: 2_000 }, (_, i) => ({
        id: `e${i}`,
        type: 'note.written',
        time: '2026-01-01T00:00:00Z',
        data: {
          identifiers: [{ kind: 'email', value: `p${i % 50}@example.org` }],
          content: { text: `word${i}` },
        },
      }));
      const position = await send(hub, events);
      const path = '/v1/customers/by/email/p7@example.org';
      const before = await read(hub, `${path}?minPosition=${position}`);
      const start = (): Promise<Response> => hub.fetch('/v1/admin/rebuild', { method: 'POST' });
      // Both at once: on a quick machine the first is done before its answer is read.
      const [first, second] = await Promise.all([start(), start()]);
      assert.deepEqual([first.status, second.status].sort(), [200, 409]);
      const rebuild = first.status === 200 ? first : second;
      let done = false;
      const progress = rebuild.text().finally(() => (done = true));
      let reads = 0;
      while (!done) {
        assert.deepEqual(await read(hub, path), before);
        reads++;
      }
      const steps = (await progress)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as JsonObject);
      assert.deepEqual(steps.at(-1), { phase: 'done' });
      assert.ok(steps.length > 1 && reads > 0);
      const later = await send(hub, [
        {
          id: 'later',
          type: 'note.written',
          data: { identifiers: [{ kind: 'email', value: 'p7@example.org' }] },
        },
      ]);
      const after = await read(hub, `${path}?minPosition=${later}`);
      assert.deepEqual(after['counts'], { note: 41 });
      const { customers } = await read(hub, '/v1/customers?q=word1999');
      assert.equal((customers as JsonObject[]).length, 1);
    } finally {
      await hub.stop();
    }
  });
});
