import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { startHub, type TestHub } from '../support/hub.js';
import { read, send, type Sent } from '../support/send.js';

const NOBODY = '0'.repeat(32);

const email = (value: string, more: JsonObject = {}): JsonObject => ({ kind: 'email', value, ...more });
const loyalty = (value: string): JsonObject => ({ kind: 'loyalty', value });

const day: Sent[] = [
  {
    id: 'mail-1',
    type: 'email.received',
    time: '2026-03-02T10:15:00Z',
    data: {
      object: '<1@example.org>',
      direction: 'inbound',
      conversation: 'thread-9',
      store: 'regent-street',
      identifiers: [email(' Ana@Example.ORG ', { name: 'Ana Ruiz' })],
      content: { subject: 'My coat', text: 'The zip broke again.' },
      facts: [{ slot: 'size.coat', value: '38' }],
      promises: [{ id: 'p1', text: 'call back', due: '2026-03-06' }],
    },
  },
  {
    id: 'order-1',
    type: 'purchase.completed',
    time: '2026-03-01T15:40:00Z',
    data: {
      identifiers: [loyalty('M-1'), email('ana@example.org')],
      purchase: {
        order: 'O-4711',
        currency: 'GBP',
        total: '129.00',
        items: [{ name: 'Scarf', category: 'accessories', quantity: 1, price: '129.00' }],
      },
    },
  },
  {
    id: 'chat-1',
    type: 'chat.message',
    time: '2026-03-03T09:00:00Z',
    data: { identifiers: [loyalty('M-1')], content: { text: '我的外套拉链坏了' }, mood: { colour: 'blue' } },
  },
  {
    id: 'odd-1',
    type: 'robot.waved',
    time: '2026-03-04T09:00:00Z',
    data: { identifiers: [loyalty('M-1')], arm: 'left' },
  },
  {
    id: 'lin-1',
    type: 'note.written',
    time: '2026-03-02T12:00:00Z',
    data: {
      identifiers: [{ kind: 'instagram', value: 'lin/wei?x=1&y#z' }],
      content: { text: 'Asked for Ana' },
    },
  },
];

describe('reading customers', () => {
  let hub: TestHub;
  let id: string;
  let end: string;

  before(async () => {
    hub = await startHub({ env: { THREADLINE_COUNTRY: 'GB' } });
    end = await send(hub, day);
    id = (await read(hub, `/v1/customers/by/email/ana@example.org?minPosition=${end}`))['id'] as string;
  });
  after(() => hub.stop());

  describe('the card', () => {
    it('is one for every identifier and every id', async () => {
      const card = await read(hub, `/v1/customers/${id}`);
      assert.equal((card['ids'] as string[]).length, 2);
      for (const one of card['ids'] as string[])
        assert.deepEqual(await read(hub, `/v1/customers/${one}`), card);
      for (const path of ['email/ANA%40example.org', 'EMAIL/%20ana@example.org', 'loyalty/M-1']) {
        assert.deepEqual(await read(hub, `/v1/customers/by/${path}`), card);
      }
    });

    it('holds what the channels told', async () => {
      const card = await read(hub, `/v1/customers/${id}`);
      assert.equal(card['name'], 'Ana Ruiz');
      assert.deepEqual(card['counts'], { email: 1, store: 1, chat: 1, robot: 1 });
      assert.deepEqual(card['facts'], {
        'size.coat': { value: '38', at: '2026-03-02T10:15:00.000Z', source: '/test' },
      });
      assert.deepEqual((card['purchases'] as JsonObject)['spend'], { GBP: '129.00' });
      assert.deepEqual((card['promises'] as JsonObject)['open'], [
        { id: 'p1', text: 'call back', due: '2026-03-06', at: '2026-03-02T10:15:00.000Z' },
      ]);
      assert.deepEqual(
        [card['firstSeen'], card['lastSeen']],
        ['2026-03-01T15:40:00.000Z', '2026-03-04T09:00:00.000Z'],
      );
    });

    it('is found by a value that has to be encoded, as long as it may be', async () => {
      const value = 'lin/wei?x=1&y#z';
      const card = await read(hub, `/v1/customers/by/instagram/${encodeURIComponent(value)}`);
      assert.deepEqual((card['identifiers'] as JsonObject[])[0], {
        kind: 'instagram',
        value,
        strength: 'claimed',
      });
      const long = `${'x'.repeat(4000)}/é`;
      const position = await send(hub, [
        { id: 'long', type: 'note.written', data: { identifiers: [{ kind: 'wechat', value: long }] } },
      ]);
      await read(hub, `/v1/customers/by/wechat/${encodeURIComponent(long)}?minPosition=${position}`);
    });

    it('is found by a phone number however it is written', async () => {
      const position = await send(hub, [
        {
          id: 'call',
          type: 'call.started',
          data: { identifiers: [{ kind: 'phone', value: '020 7946 0018' }] },
        },
      ]);
      for (const written of [
        '+442079460018',
        '020 7946 0018',
        '+44 (0)20 7946-0018',
        'tel:+44-20-7946-0018',
      ]) {
        await read(hub, `/v1/customers/by/phone/${encodeURIComponent(written)}?minPosition=${position}`);
      }
    });
  });

  describe('the timeline', () => {
    it('is newest first, and shows what it does not know under extra', async () => {
      const { entries, next } = await read(hub, `/v1/customers/${id}/timeline`);
      assert.deepEqual(
        (entries as JsonObject[]).map(({ id: one }) => one),
        ['odd-1', 'chat-1', 'mail-1', 'order-1'],
      );
      assert.equal(next, null);
      assert.deepEqual((entries as JsonObject[])[1]?.['extra'], { mood: { colour: 'blue' } });
      assert.deepEqual((entries as JsonObject[])[0]?.['extra'], { arm: 'left' });
    });

    const filters: [string, string[]][] = [
      ['order=asc', ['order-1', 'mail-1', 'chat-1', 'odd-1']],
      ['limit=2', ['odd-1', 'chat-1']],
      ['channel=store', ['order-1']],
      ['channel=nothing', []],
      ['type=email.received', ['mail-1']],
      ['from=2026-03-02T10:15:00Z&to=2026-03-03T09:00:00Z', ['chat-1', 'mail-1']],
      ['from=2026-03-03T10:00:00%2B01:00&order=asc', ['chat-1', 'odd-1']],
      ['q=zip', ['mail-1']],
      ['q=%E6%8B%89%E9%93%BE', ['chat-1']],
      ['q=', ['odd-1', 'chat-1', 'mail-1', 'order-1']],
      ['asOf=2026-03-02T10:15:00Z', ['mail-1', 'order-1']],
      ['knownAt=3', ['chat-1', 'mail-1', 'order-1']],
      ['knownAt=2099-01-01T00:00:00Z', ['odd-1', 'chat-1', 'mail-1', 'order-1']],
      ['asOf=2026-03-03T09:00:00Z&knownAt=2&order=asc', ['order-1', 'mail-1']],
    ];
    for (const [query, expected] of filters) {
      it(`gives ${expected.length} for ?${query}`, async () => {
        const { entries } = await read(hub, `/v1/customers/${id}/timeline?${query}`);
        assert.deepEqual(
          (entries as JsonObject[]).map(({ id: one }) => one),
          expected,
        );
      });
    }

    it('is paged without a gap or a repeat while new events arrive', async () => {
      const who = [email('paging@example.org')];
      const note = (n: number, day: number): Sent => ({
        id: `page-${n}`,
        type: 'note.written',
        time: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`,
        data: { identifiers: who },
      });
      let position = await send(
        hub,
        Array.from({ length: 9 }, (_, n) => note(n, 10 + n)),
      );
      const card = await read(hub, `/v1/customers/by/email/paging@example.org?minPosition=${position}`);
      const seen: unknown[] = [];
      let cursor: string | null = null;
      do {
        const query: string = `limit=2${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
        const page = await read(
          hub,
          `/v1/customers/${card['id'] as string}/timeline?${query}&minPosition=${position}`,
        );
        seen.push(...(page['entries'] as JsonObject[]).map(({ id: one }) => one));
        cursor = page['next'] as string | null;
        // One before and one after what was read already.
        if (seen.length < 8)
          position = await send(hub, [note(100 + seen.length, 28), note(200 + seen.length, 1)]);
      } while (cursor !== null);
      assert.deepEqual(
        seen.filter((one) => !String(one).startsWith('page-2')),
        [8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => `page-${n}`).filter((one) => !one.startsWith('page-2')),
      );
      assert.equal(new Set(seen).size, seen.length);
    });
  });

  describe('identity', () => {
    it('names the parties, and the event that links them', async () => {
      const identity = await read(hub, `/v1/customers/${id}/identity`);
      assert.equal(identity['id'], id);
      assert.deepEqual((identity['parties'] as JsonObject[]).map(({ kind }) => kind).sort(), [
        'email',
        'loyalty',
      ]);
      const [link] = identity['links'] as JsonObject[];
      const { entries } = await read(hub, `/v1/customers/${id}/timeline?type=purchase.completed`);
      assert.equal(link?.['event'], (entries as JsonObject[])[0]?.['event']);
      assert.equal(link?.['strength'], 'claimed');
    });

    it('comes in pages', async () => {
      const first = await read(hub, `/v1/customers/${id}/identity?limit=1`);
      assert.notEqual(first['next'], null);
      const second = await read(
        hub,
        `/v1/customers/${id}/identity?limit=1&cursor=${encodeURIComponent(first['next'] as string)}`,
      );
      assert.equal(second['next'], null);
      assert.notDeepEqual(first['parties'], second['parties']);
    });
  });

  describe('search', () => {
    for (const [query, found] of [
      ['ana ruiz', 'name'],
      ['ANA@EXAMPLE', 'identifier'],
      ['M-1', 'identifier'],
      ['o-4711', 'words'],
      ['zip broke', 'words'],
      ['拉链', 'words'],
    ] as const) {
      it(`finds ${query}`, async () => {
        const { customers } = await read(hub, `/v1/customers?q=${encodeURIComponent(query)}`);
        const hit = (customers as JsonObject[]).find((customer) => customer['id'] === id);
        assert.ok(hit, JSON.stringify(customers));
        if (found !== 'identifier') assert.equal((hit['matched'] as JsonObject)['in'], found);
      });
    }

    it('finds a phone number however it is written', async () => {
      const phone = { kind: 'phone', value: '020 7946 0321' };
      const told = await hub.fetch('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({
          specversion: '1.0',
          id: 'call-by-number',
          source: '/phone',
          type: 'call.started',
          time: '2026-03-02T10:15:00Z',
          data: { identifiers: [phone] },
        }),
      });
      const { position } = (await told.json()) as { position: string };
      for (const q of [
        '020 7946 0321',
        '+442079460321',
        '0044 20 7946 0321',
        '(020) 7946-0321',
        '2079460321',
      ]) {
        const query = new URLSearchParams({ q, minPosition: position }).toString();
        const { customers } = await read(hub, `/v1/customers?${query}`);
        assert.equal((customers as JsonObject[]).length, 1, q);
      }
    });

    it('makes no error of any text', async () => {
      for (const text of [
        '',
        ' ',
        '"',
        '*',
        'a*b',
        'AND',
        'NOT',
        'NEAR(a b)',
        '(',
        ')',
        '^',
        ':',
        "'; --",
        '\0',
        '%',
        '\\',
        '😀',
        '\u{d800}',
        'x'.repeat(2000),
        '-',
        '+"',
        '{a b}:c',
      ]) {
        const response = await hub.fetch(`/v1/customers?${new URLSearchParams({ q: text }).toString()}`);
        assert.equal(response.status, 200, JSON.stringify(text));
      }
      for (const raw of ['%FF', '%', '%zz', '%E6%8B'])
        assert.equal((await hub.fetch(`/v1/customers?q=${raw}`)).status, 200, raw);
    });
  });

  describe('two clocks', () => {
    it('answers as it was known then, also to those who ask of now', async () => {
      const then = await read(hub, `/v1/customers/by/email/ana@example.org?knownAt=1`);
      assert.deepEqual(then['counts'], { email: 1 });
      assert.equal((then['ids'] as string[]).length, 1);
      assert.deepEqual(
        await read(hub, `/v1/customers/${id}?knownAt=99999999`),
        await read(hub, `/v1/customers/${id}`),
      );
    });

    it('knows nobody before the first word', async () => {
      for (const query of ['knownAt=0', 'asOf=2026-02-01T00:00:00Z', 'knownAt=2020-01-01T00:00:00Z']) {
        for (const path of [
          `/v1/customers/${id}`,
          `/v1/customers/${id}/timeline`,
          `/v1/customers/${id}/identity`,
          '/v1/customers/by/loyalty/M-1',
        ]) {
          await read(hub, `${path}?${query}`, 404);
        }
      }
    });

    it('takes the time of recording as well', async () => {
      const { entries } = await read(hub, `/v1/customers/${id}/timeline`);
      const recorded = (entries as JsonObject[])[0]?.['recordedAt'] as string;
      const card = await read(hub, `/v1/customers/${id}?knownAt=${recorded}`);
      assert.deepEqual(card['counts'], { email: 1, store: 1, chat: 1, robot: 1 });
    });

    it('sees what was acknowledged at the position that it asks for', async () => {
      for (let round = 0; round < 20; round++) {
        const position = await send(hub, [
          { id: `r${round}`, type: 'note.written', data: { identifiers: [email('race@example.org')] } },
        ]);
        const card = await read(hub, `/v1/customers/by/email/race@example.org?knownAt=${position}`);
        assert.deepEqual(card['counts'], { note: round + 1 });
      }
    });
  });

  describe('positions', () => {
    it('are on every read', async () => {
      for (const path of [
        '/v1/customers',
        `/v1/customers/${id}`,
        `/v1/customers/${id}/timeline`,
        `/v1/customers/${id}/identity`,
        '/v1/customers/by/loyalty/M-1',
        '/v1/events',
        '/v1/parked',
        `/v1/customers/${NOBODY}`,
      ]) {
        const response = await hub.fetch(`${path}?minPosition=${end}`);
        assert.ok(Number(response.headers.get('x-threadline-position')) >= Number(end), path);
      }
    });

    it('are waited for, but not for ever', async () => {
      const head = Number((await hub.fetch('/v1/events')).headers.get('x-threadline-position'));
      const waiting = hub.fetch(`/v1/customers/by/loyalty/M-1?minPosition=${head + 1}`);
      await send(hub, [{ id: 'next', type: 'note.written', data: {} }]);
      assert.equal((await waiting).status, 200);
      const started = Date.now();
      const late = await Promise.all(
        ['/v1/customers?', `/v1/customers/${id}?`, '/v1/events?', '/v1/parked?'].map((path) =>
          hub.fetch(`${path}minPosition=${head + 1000}`),
        ),
      );
      for (const response of late) {
        assert.equal(response.status, 504);
        assert.equal(response.headers.get('content-type'), 'application/problem+json');
      }
      assert.ok(Date.now() - started >= 4_900);
    });
  });

  describe('what cannot be answered', () => {
    const cases: [method: string, path: string, status: number, ...parameters: string[]][] = [
      ['GET', '/v1/customers/ID?limit=1', 400, 'limit'],
      [
        'GET',
        '/v1/customers/ID?asOf=yesterday&knownAt=-1&minPosition=x',
        400,
        'asOf',
        'knownAt',
        'minPosition',
      ],
      ['GET', '/v1/customers/ID?asOf=2026-03-01T00:00:00Z&asOf=2026-03-01T00:00:00Z', 400, 'asOf'],
      ['GET', '/v1/customers/ID?asOf=2026-02-29T00:00:00Z', 400, 'asOf'],
      ['GET', '/v1/customers/ID?asOf=', 400, 'asOf'],
      ['GET', '/v1/customers/ID/timeline?limit=0', 400, 'limit'],
      ['GET', '/v1/customers/ID/timeline?limit=201&order=down', 400, 'limit', 'order'],
      ['GET', '/v1/customers/ID/timeline?limit=ten', 400, 'limit'],
      ['GET', '/v1/customers/ID/timeline?cursor=garbage', 400, 'cursor'],
      ['GET', '/v1/customers/ID/timeline?from=1&to=2', 400, 'from', 'to'],
      ['GET', '/v1/customers/ID/identity?limit=-1', 400, 'limit'],
      ['GET', '/v1/customers/ID/identity?cursor=garbage', 400, 'cursor'],
      ['GET', '/v1/customers?limit=1000', 400, 'limit'],
      ['GET', '/v1/customers?cursor=garbage&q=a', 400, 'cursor'],
      ['GET', '/v1/customers?asOf=2026-03-01T00:00:00Z', 400, 'asOf'],
      ['GET', '/v1/customers?knownAt=1', 400, 'knownAt'],
      ['GET', '/v1/live?asOf=2026-03-01T00:00:00Z&knownAt=1', 400, 'asOf', 'knownAt'],
      ['GET', '/v1/live?customer=nobody', 400, 'customer'],
      ['GET', `/v1/live?customer=${NOBODY}`, 404],
      ['GET', '/v1/events?limit=10001', 400, 'limit'],
      ['GET', '/v1/events?limit=0&format=ndjson', 400, 'limit'],
      ['GET', '/v1/events?format=xml&after=a&types=', 400, 'format', 'after', 'types'],
      ['GET', '/v1/events?asOf=2026-03-01T00:00:00Z', 400, 'asOf'],
      ['GET', '/v1/parked?limit=1', 400, 'limit'],
      ['GET', '/v1/keys?x=1', 400, 'x'],
      ['GET', `/v1/customers/${NOBODY}`, 404],
      ['GET', '/v1/customers/ID0', 404],
      ['GET', '/v1/customers/nobody/timeline', 404],
      ['GET', '/v1/customers/nobody/identity', 404],
      ['GET', '/v1/customers/ID/nothing', 404],
      ['GET', '/v1/customers/by/email/nobody@example.org', 404],
      ['GET', '/v1/customers/by/email', 404],
      ['POST', `/v1/parked/${NOBODY}/redrive`, 404],
      ['POST', '/v1/parked/x/redrive', 404],
      ['GET', '/v1/nothing', 404],
      ['GET', '/', 404],
      ['GET', '/v1/customers/%', 400],
      ['DELETE', '/v1/events', 405],
      ['PUT', '/v1/customers/ID', 405],
      ['POST', '/v1/live', 405],
      ['PATCH', '/health/ready', 405],
      ['POST', '/openapi.json', 405],
    ];
    for (const [method, path, status, ...parameters] of cases) {
      it(`${status} for ${method} ${path}`, async () => {
        const response = await hub.fetch(path.replace('ID', id), { method });
        const text = await response.text();
        assert.equal(response.status, status, text);
        assert.equal(response.headers.get('content-type'), 'application/problem+json');
        const problem = JSON.parse(text) as JsonObject;
        assert.equal(problem['status'], status);
        const named = ((problem['problems'] ?? []) as JsonObject[]).map(({ parameter }) => parameter);
        assert.deepEqual([...new Set(named)].sort(), parameters.sort());
        if (status === 405) assert.ok(response.headers.get('allow'));
      });
    }
  });
});
