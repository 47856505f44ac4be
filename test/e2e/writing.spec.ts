import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { startHub, type TestHub } from '../support/hub.js';

/** The contract's "Writing", over HTTP, on the hub as it starts. What each rule refuses: the specs of contracts and ingest. */
const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

interface Rejected {
  readonly index: number;
  readonly id: string | null;
  readonly code?: string;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: {
    readonly accepted?: number;
    readonly duplicates?: number;
    readonly rejected: readonly Rejected[];
    readonly position?: string;
    readonly status?: number;
  };
}

let next = 0;
const event = (data: JsonObject = {}, envelope: JsonObject = {}): JsonObject => ({
  specversion: '1.0',
  id: `w-${next++}`,
  source: '/writing',
  type: 'chat.message',
  time: '2026-03-02T10:15:00.250+01:00',
  datacontenttype: 'application/json',
  data: { identifiers: [{ kind: 'email', value: 'Ana@Example.org' }], ...data },
  ...envelope,
});

describe('writing, over HTTP', () => {
  let hub: TestHub;
  before(async () => {
    hub = await startHub();
  });
  after(() => hub.stop());

  const post = async (
    body: Json | Buffer,
    type: string,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<Answer> => {
    const response = await hub.fetch(`/v1/events${query}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': type },
      body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
    });
    const contentType = response.headers.get('content-type') ?? '';
    return { status: response.status, type: contentType, body: (await response.json()) as Answer['body'] };
  };
  const one = (body: Json): Promise<Answer> => post(body, STRUCTURED);
  const many = (body: Json): Promise<Answer> => post(body, BATCH);

  const logged = async (after: number): Promise<JsonObject[]> => {
    const page = (await (await hub.fetch(`/v1/events?after=${after}`)).json()) as { events: JsonObject[] };
    return page.events;
  };

  it('gives an event back as it came, in all three modes', async () => {
    const sent = [
      event({ novel: { __proto__x: 1, list: [null, 'ü', 1.5] }, 'a/b~c': '' }, { extension: 'x', other: 7 }),
      event({}, { type: 'com.example.thing' }),
      event({ identifiers: [] }),
    ] as const;
    const first = await one(sent[0]);
    assert.deepEqual(
      [first.status, first.body.accepted, first.body.duplicates, first.body.rejected],
      [202, 1, 0, []],
    );
    assert.match(first.body.position ?? '', /^\d+$/);
    await many([sent[1]]);
    const { data, datacontenttype, ...attributes } = sent[2] as Record<string, string>;
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]),
    );
    assert.equal((await post(data as Json, String(datacontenttype), headers)).status, 202);
    const events = await logged(Number(first.body.position) - 1);
    const came = events.map(
      ({ threadlineposition: _p, threadlinerecordedat: _r, threadlineevent: _e, ...rest }) => rest,
    );
    assert.deepEqual(came, sent);
    assert.ok(
      events.every(
        (each) => each['threadlineposition'] && each['threadlinerecordedat'] && each['threadlineevent'],
      ),
    );
  });

  it('takes back what it gave out: every event is a duplicate', async () => {
    const timeless = event();
    delete timeless['time'];
    await one(timeless);
    const events = await logged(0);
    assert.ok(events.length > 0);
    const { status, body } = await many(events);
    assert.deepEqual([status, body.accepted, body.duplicates, body.rejected], [202, 0, events.length, []]);
  });

  it('names every problem of a single event: 400, a problem document', async () => {
    const answer = await one(
      event({ sequence: 'x', identifiers: [{ kind: 'email', value: 7 }] }, { time: 'noon' }),
    );
    assert.equal(answer.status, 400);
    assert.match(answer.type, /^application\/problem\+json/);
    const [rejected] = answer.body.rejected;
    assert.deepEqual(rejected?.problems.map(({ path }) => path).sort(), [
      '/data/identifiers/0/value',
      '/data/sequence',
      '/time',
    ]);
    assert.ok(rejected?.problems.every(({ message }) => message.length > 0));
  });

  it('takes what is good of a batch, and names the rest', async () => {
    const good = event();
    const answer = await many([
      good,
      event({ direction: 'up' }),
      7,
      good,
      { ...good, data: {} },
      event({ pad: 'x'.repeat(1_100_000) }),
    ]);
    assert.deepEqual([answer.status, answer.body.accepted, answer.body.duplicates], [202, 1, 1]);
    assert.deepEqual(
      answer.body.rejected.map(({ index, code }) => [index, code]),
      [
        [1, 'invalid'],
        [2, 'invalid'],
        [4, 'conflict'],
        [5, 'too-large'],
      ],
    );
  });

  it('answers 409 to a single event whose name came with another content, with another object as well', async () => {
    const first = event();
    await one(first);
    for (const other of [
      event({ x: 1 }, { id: first['id'] as string }),
      event({ object: 'o' }, { id: first['id'] as string }),
    ]) {
      const answer = await one(other);
      assert.deepEqual([answer.status, answer.body.rejected.map(({ code }) => code)], [409, ['conflict']]);
    }
  });

  const refused: [name: string, body: Json | Buffer, type: string, status: number][] = [
    ['a body that is no JSON', Buffer.from('{'), STRUCTURED, 400],
    ['a body that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), STRUCTURED, 400],
    ['an array as one event', [event()], STRUCTURED, 400],
    ['one event as a batch', event(), BATCH, 400],
    ['an empty batch', [], BATCH, 400],
    ['a batch of nothing good', [1, {}], BATCH, 400],
    ['JSON without an envelope', event(), 'application/json', 415],
    ['another charset', event(), `${STRUCTURED}; charset=latin1`, 415],
    ['another format', Buffer.from('x'), 'application/xml', 415],
    ['an event over 1 MiB', event({ pad: 'x'.repeat(1_048_576) }), STRUCTURED, 413],
    ['a request over 8 MiB', Buffer.alloc(8 * 1_048_576 + 1, ' '), BATCH, 413],
  ];
  for (const [name, body, type, status] of refused) {
    it(`refuses ${name}: ${status}`, async () => {
      const answer = await post(body, type);
      assert.deepEqual([answer.status, answer.body.status], [status, status]);
      assert.match(answer.type, /^application\/problem\+json/);
    });
  }

  it('takes backfill by the parameter, and no other mode', async () => {
    assert.equal((await post(event(), STRUCTURED, {}, '?mode=backfill')).status, 202);
    assert.equal((await post(event(), STRUCTURED, {}, '?mode=live')).status, 400);
  });

  it('shows an event to a read that waits for its position', async () => {
    const sent = event({ identifiers: [{ kind: 'email', value: ' Seen@Example.org ' }] });
    const { body } = await one(sent);
    const card = await hub.fetch(`/v1/customers/by/email/seen@example.org?minPosition=${body.position}`);
    assert.equal(card.status, 200);
  });
});
