import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CATALOGUE } from '@threadline/domain/event-catalogue';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import { DEEPEST } from './json-faults.js';
import { eventProblems } from './validate-event.js';

const PARTS: Readonly<Record<string, JsonObject>> = {
  visit: { visit: { detector: 'tap' } },
  purchase: { purchase: { currency: 'EUR', total: '129.00' } },
  survey: { survey: { metric: 'nps', score: 9 } },
  profile: { profile: {} },
  consent: { consent: { purpose: 'newsletter' } },
  promise: { promise: { id: 'p1' } },
};

const KNOWN: Readonly<Record<string, true>> = Object.fromEntries(
  'object sequence conversation channel direction brand store country identifiers participants staff content facts asks promises'
    .split(' ')
    .map((name) => [name, true as const]),
);

/** The least that an event of the type needs. */
const event = (type: string, data: JsonObject = {}, envelope: JsonObject = {}): JsonObject => ({
  specversion: '1.0',
  id: 'e-1',
  source: '/test',
  type,
  data: { ...PARTS[CATALOGUE[type as keyof typeof CATALOGUE] ?? ''], ...data },
  ...envelope,
});

const without = (object: JsonObject, member: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== member));

const paths = (value: Json): string[] => eventProblems(value).map(({ path }) => path);

const nested = (depth: number): Json => {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
};

describe('a good event', () => {
  for (const type of Object.keys(CATALOGUE)) {
    it(`${type} with the least it needs`, () => assert.deepEqual(eventProblems(event(type)), []));
    it(`${type} with unknown members`, () => {
      assert.deepEqual(eventProblems(event(type, { novel: { a: [1, null, 'x'] } }, { extension: 5 })), []);
    });
  }
  const good: Record<string, JsonObject> = {
    'an unknown type with a dot': event('com.example.thing', { anything: [{}] }),
    'no data at all': without(event('email.received'), 'data'),
    'an unknown type without data': without(event('a.b'), 'data'),
    'empty data': event('chat.message'),
    'a time with an offset': event('chat.message', {}, { time: '2026-03-02T10:15:00.123456+01:00' }),
    'a JSON content type': event('chat.message', {}, { datacontenttype: 'application/json; charset=utf-8' }),
    'a +json content type': event('chat.message', {}, { datacontenttype: 'Application/vnd.shop+JSON' }),
    'the extension threadlinemode': event('chat.message', {}, { threadlinemode: 'backfill' }),
    'a vision detection with consent': event('visit.started', {
      visit: { detector: 'vision', consent: { id: 'c-1' } },
    }),
    '512 characters in a visit': event('visit.started', {
      visit: { detector: 'tap', zone: '語'.repeat(512) },
    }),
    'a negative amount': event('purchase.returned', { purchase: { currency: 'EUR', total: '-0.50' } }),
    'an address as an object': event('profile.stated', { profile: { address: { city: 'Paris' }, shoe: 38 } }),
    'an address as text': event('profile.stated', {
      profile: { name: 'Ana', address: '1 Rue X', anything: [1] },
    }),
    'sentiment of any shape': event('social.post', { social: { sentiment: { score: 0.2 } } }),
    'a purchase part in another type': event('chat.message', { purchase: 'a word' }),
    'an identifier of a platform': event('chat.message', {
      identifiers: [{ kind: 'instagram', value: 'ana' }],
    }),
    'a fact of any value': event('chat.message', {
      facts: [
        { slot: 'a', value: null },
        { slot: 'b', value: {} },
      ],
    }),
    [`${DEEPEST} levels`]: event('a.b', { deep: nested(DEEPEST - 2) }),
  };
  for (const [name, value] of Object.entries(good)) {
    it(name, () => assert.deepEqual(eventProblems(value), []));
  }
});

describe('a bad event names each problem by its path', () => {
  const chat = (data: JsonObject, envelope: JsonObject = {}): JsonObject =>
    event('chat.message', data, envelope);
  const bad: Record<string, [value: Json, ...paths: string[]]> = {
    'no object': ['text', ''],
    'an array': [[], ''],
    'an empty object': [{}, '/specversion', '/id', '/source', '/type'],
    'another version': [chat({}, { specversion: '0.3' }), '/specversion'],
    'a number as version': [chat({}, { specversion: 1 }), '/specversion'],
    'an empty id': [chat({}, { id: '' }), '/id'],
    'a number as id': [chat({}, { id: 7 }), '/id'],
    'an empty source': [chat({}, { source: '' }), '/source'],
    'a type without a dot': [chat({}, { type: 'hello' }), '/type'],
    'a NUL in the type': [chat({}, { type: 'a.b\0' }), '/type'],
    'a date for a time': [chat({}, { time: '2026-03-02' }), '/time'],
    'a number for a time': [chat({}, { time: 1772446500 }), '/time'],
    'a content type that is not JSON': [chat({}, { datacontenttype: 'text/plain' }), '/datacontenttype'],
    'binary data': [{ ...without(chat({}), 'data'), data_base64: 'AAA=' }, '/data_base64'],
    'null data': [chat({}, { data: null }), '/data'],
    'text data': [chat({}, { data: 'x' }), '/data'],
    'data in an array': [chat({}, { data: [{}] }), '/data'],
    'an unknown mode': [chat({}, { threadlinemode: 'fast' }), '/threadlinemode'],
    'a subject that is no string': [chat({}, { subject: 5 }), '/subject'],
    'an unknown direction': [chat({ direction: 'sideways' }), '/data/direction'],
    'a sequence in a string': [chat({ sequence: '1' }), '/data/sequence'],
    'an infinite sequence': [
      JSON.parse(
        '{"specversion":"1.0","id":"1","source":"s","type":"a.b","data":{"sequence":1e400}}',
      ) as Json,
      '/data/sequence',
    ],
    'an empty object id': [chat({ object: '' }), '/data/object'],
    'null in a known field': [chat({ conversation: null }), '/data/conversation'],
    'identifiers in an object': [chat({ identifiers: {} }), '/data/identifiers'],
    'an identifier without members': [
      chat({ identifiers: [{}] }),
      '/data/identifiers/0/kind',
      '/data/identifiers/0/value',
    ],
    'a blank kind and value': [
      chat({ identifiers: [{ kind: ' ', value: '\u00a0' }] }),
      '/data/identifiers/0/kind',
      '/data/identifiers/0/value',
    ],
    'a number as value': [
      chat({ identifiers: [{ kind: 'loyalty', value: 5 }] }),
      '/data/identifiers/0/value',
    ],
    'an unknown strength': [
      chat({ identifiers: [{ kind: 'email', value: 'a@b', strength: 'sure' }] }),
      '/data/identifiers/0/strength',
    ],
    'the second identifier': [
      chat({ identifiers: [{ kind: 'email', value: 'a@b' }, { kind: 'phone' }] }),
      '/data/identifiers/1/value',
    ],
    'content as text': [chat({ content: 'hello' }), '/data/content'],
    'an attachment with a size in a string': [
      chat({ content: { attachments: [{ size: '3' }] } }),
      '/data/content/attachments/0/size',
    ],
    'a fact without slot and value': [chat({ facts: [{}] }), '/data/facts/0/slot', '/data/facts/0/value'],
    'an ask that is no string': [chat({ asks: ['a', 1] }), '/data/asks/1'],
    'a promise without id': [chat({ promises: [{ text: 'x' }] }), '/data/promises/0/id'],
    'a purchase without its part': [event('purchase.completed', {}, { data: {} }), '/data/purchase'],
    'a purchase without data': [without(event('purchase.completed'), 'data'), '/data/purchase'],
    'an empty purchase': [
      event('purchase.completed', { purchase: {} }),
      '/data/purchase/currency',
      '/data/purchase/total',
    ],
    'an amount in a number': [
      event('purchase.completed', { purchase: { currency: 'EUR', total: 12.5 } }),
      '/data/purchase/total',
    ],
    'an item without quantity and price': [
      event('purchase.completed', { purchase: { currency: 'EUR', total: '1', items: [{ sku: 's' }] } }),
      '/data/purchase/items/0/quantity',
      '/data/purchase/items/0/price',
    ],
    'an unknown metric': [
      event('survey.answered', { survey: { metric: 'stars', score: 5 } }),
      '/data/survey/metric',
    ],
    'a score in a string': [
      event('survey.answered', { survey: { metric: 'nps', score: '9' } }),
      '/data/survey/score',
    ],
    'a call that lasts text': [
      event('call.ended', { call: { durationSeconds: 'long' } }),
      '/data/call/durationSeconds',
    ],
    'a transcript that is text': [
      event('call.transcribed', { call: { transcript: 'hi' } }),
      '/data/call/transcript',
    ],
    'web properties in an array': [event('web.tracked', { web: { properties: [] } }), '/data/web/properties'],
    'a profile in an array': [event('profile.stated', { profile: [] }), '/data/profile'],
    'a consent without purpose': [event('consent.given', { consent: {} }), '/data/consent/purpose'],
    'a promise kept without id': [event('promise.kept', { promise: {} }), '/data/promise/id'],
    'an unknown detector': [event('visit.started', { visit: { detector: 'radar' } }), '/data/visit/detector'],
    'a visit without detector': [event('visit.ended', { visit: { zone: 'door' } }), '/data/visit/detector'],
    'vision without consent': [
      event('visit.started', { visit: { detector: 'vision' } }),
      '/data/visit/consent',
    ],
    'vision with consent refused': [
      event('visit.started', { visit: { detector: 'vision', consent: false } }),
      '/data/visit/consent',
    ],
    'an unknown member of a visit': [
      event('visit.started', { visit: { detector: 'tap', 'face/template': 'AAAA' } }),
      '/data/visit/face~1template',
    ],
    '513 characters in a visit': [
      event('visit.started', { visit: { detector: 'tap', zone: 'z'.repeat(513) } }),
      '/data/visit/zone',
    ],
    'an image in the consent of a visit': [
      event('visit.started', {
        visit: { detector: 'vision', consent: { proof: [{ image: 'A'.repeat(600) }] } },
      }),
      '/data/visit/consent/proof/0/image',
    ],
    'an image beside the visit': [event('visit.started', { image: 'A'.repeat(600) }), '/data/image'],
    'a lone surrogate': [chat({ content: { text: 'a\ud800b' } }), '/data/content/text'],
    'a lone surrogate in an unknown member': [chat({ deep: [{ x: '\udc00' }] }), '/data/deep/0/x'],
    'a lone surrogate in an extension': [chat({}, { ext: '\ud83d' }), '/ext'],
    'a lone surrogate in a name': [chat({ 'a\ud800': 1 }), '/data/a\ufffd'],
    'everything at once': [
      chat(
        { sequence: 'x', direction: 1, identifiers: [{ kind: 'email' }], content: { text: '\ud800' } },
        { specversion: '2' },
      ),
      '/data/content/text',
      '/specversion',
      '/data/sequence',
      '/data/direction',
      '/data/identifiers/0/value',
    ],
    [`${DEEPEST + 1} levels`]: [
      event('a.b', { deep: nested(DEEPEST - 1) }),
      `/data/deep${'/0'.repeat(DEEPEST - 2)}`,
    ],
    '100,000 levels': [event('a.b', { deep: nested(100_000) }), `/data/deep${'/0'.repeat(DEEPEST - 2)}`],
  };
  for (const [name, [value, ...expected]] of Object.entries(bad)) {
    it(name, () => assert.deepEqual(paths(value).sort(), expected.sort()));
  }

  for (const amount of ['', '.5', '5.', '1e3', '+1', '1,50', ' 1', '1\n', '٣', 'NaN', '--1', '0x1']) {
    it(`the amount ${JSON.stringify(amount)}`, () => {
      const purchase = { currency: 'EUR', total: amount };
      assert.deepEqual(paths(event('purchase.completed', { purchase })), ['/data/purchase/total']);
    });
  }

  it('says what was expected and what came, and no more of it than a glance', () => {
    const [problem] = eventProblems(chat({ direction: 'x'.repeat(500) }));
    assert.match(
      problem?.message ?? '',
      /^expected "inbound" or "outbound" or "internal", but "x{40}…" came$/,
    );
  });

  it('keeps the list short enough to be read', () => {
    assert.equal(eventProblems(chat({ asks: Array.from({ length: 5_000 }, () => 1) })).length, 1_000);
  });
});

describe('the quick check and the thorough one', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.constantFrom(null, true, '', ' ', '1.0', '12.50', 'vision', 'tap', 'nps', 'inbound'),
  );
  const names = [...Object.keys(KNOWN), ...Object.values(CATALOGUE).filter((part) => part !== undefined)];
  const members =
    'kind value strength name slot id metric score currency total items quantity price detector zone consent purpose'.split(
      ' ',
    );
  const value = fc.oneof(
    leaf,
    fc.array(fc.dictionary(fc.constantFrom(...members), leaf), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom(...members), leaf),
  );
  const data = fc.oneof(fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }), leaf);

  it('agree: what fails has at least one problem of its own, with a path that leads to it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(CATALOGUE), 'a.b', 'ab'), data, (type, one) => {
        const problems = eventProblems(event(type, {}, { data: one }));
        for (const { path, message } of problems) {
          assert.match(path, /^\/(type|data)/);
          assert.match(message, /^expected .+ came$|^expected no member of this name/);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('hostile names', () => {
  it('are members like any other', () => {
    const value = JSON.parse(
      '{"specversion":"1.0","id":"1","source":"s","type":"a.b","__proto__":{"type":7},"data":{"__proto__":{"sequence":"x"},"constructor":1,"toString":null}}',
    ) as JsonObject;
    assert.deepEqual(eventProblems(value), []);
    assert.equal(({} as JsonObject)['sequence'], undefined);
  });

  it('never hide a problem of the rest', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (members) => {
        const named = Object.fromEntries(Object.entries(members).filter(([name]) => !(name in KNOWN)));
        assert.deepEqual(eventProblems(event('a.b', named as JsonObject)), []);
        assert.deepEqual(paths(event('a.b', { ...(named as JsonObject), sequence: 'x' })), [
          '/data/sequence',
        ]);
      }),
    );
  });
});
