import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CloudEvent, HTTP, type Message } from 'cloudevents';
import fc from 'fast-check';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import {
  EVENT_LIMIT,
  parseEvents,
  REQUEST_LIMIT,
  type EventsRequest,
  type ParsedEvents,
} from './cloudevents.js';

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const event = { specversion: '1.0', id: 'e-1', source: '/s', type: 'a.b', data: { n: 1 } };

const request = (
  contentType: string | undefined,
  body: unknown,
  headers: EventsRequest['headers'] = {},
): EventsRequest => ({
  contentType,
  headers,
  body:
    body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

const events = (parsed: ParsedEvents): readonly Json[] => {
  assert.equal(parsed.kind, 'events', parsed.kind === 'refused' ? parsed.detail : '');
  return parsed.kind === 'events' ? parsed.events : [];
};

const status = (parsed: ParsedEvents): number => (parsed.kind === 'refused' ? parsed.status : 202);

describe('structured mode', () => {
  const types = [
    STRUCTURED,
    'Application/CloudEvents+JSON',
    `${STRUCTURED}; charset=utf-8`,
    `${STRUCTURED};charset="UTF-8"`,
    `${STRUCTURED}; charset=us-ascii; profile=x`,
  ];
  for (const type of types)
    it(`takes ${type}`, () => assert.deepEqual(events(parseEvents(request(type, event))), [event]));

  it('takes null attributes for absent ones, as the format says, and leaves data alone', () => {
    const [taken] = events(parseEvents(request(STRUCTURED, { ...event, time: null, ext: null, data: null })));
    assert.deepEqual(taken, { specversion: '1.0', id: 'e-1', source: '/s', type: 'a.b', data: null });
  });

  it('takes a byte order mark', () => {
    assert.deepEqual(events(parseEvents(request(STRUCTURED, `\ufeff${JSON.stringify(event)}`))), [event]);
  });

  it('keeps a member named __proto__', () => {
    const [taken] = events(parseEvents(request(STRUCTURED, '{"__proto__":{"a":1},"id":"x"}')));
    assert.deepEqual(Object.keys(taken as JsonObject), ['__proto__', 'id']);
  });

  const refusedBodies: Record<string, unknown> = {
    nothing: '',
    'half of it': '{"id":',
    'an array': [event],
    'a string': '"x"',
    null: 'null',
    'two events': `${JSON.stringify(event)}${JSON.stringify(event)}`,
    'bytes that are not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    'a surrogate in UTF-8': Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'),
  };
  for (const [name, body] of Object.entries(refusedBodies)) {
    it(`refuses ${name}`, () => assert.equal(status(parseEvents(request(STRUCTURED, body))), 400));
  }

  it('takes an event of 1 MiB and refuses one byte more', () => {
    const padding = EVENT_LIMIT - JSON.stringify({ ...event, pad: '' }).length;
    const body = JSON.stringify({ ...event, pad: 'x'.repeat(padding) });
    assert.equal(body.length, EVENT_LIMIT);
    assert.equal(status(parseEvents(request(STRUCTURED, body))), 202);
    assert.equal(status(parseEvents(request(STRUCTURED, `${body} `))), 413);
  });
});

describe('batch mode', () => {
  it('takes many, none, and whatever stands in their place', () => {
    assert.deepEqual(events(parseEvents(request(BATCH, [event, 5, null]))), [event, 5, null]);
    assert.deepEqual(events(parseEvents(request(BATCH, []))), []);
  });

  for (const body of ['', '{}', JSON.stringify(event), '[', '[{}', '5']) {
    it(`refuses ${JSON.stringify(body)}`, () => assert.equal(status(parseEvents(request(BATCH, body))), 400));
  }

  it('refuses more members than events can be', () => {
    assert.equal(status(parseEvents(request(BATCH, `[${'0,'.repeat(200_000)}0]`))), 400);
  });

  it('names the events that are too large, whatever white space and brackets are round and in them', () => {
    const large = (size: number): string => `{"a":"${'\\"[{'.repeat(10)}${'x'.repeat(size - 47 - 1)}"}`;
    assert.equal(large(EVENT_LIMIT).length, EVENT_LIMIT);
    const list = [large(100), large(EVENT_LIMIT), large(EVENT_LIMIT + 1), '"]"', large(EVENT_LIMIT + 5)];
    const parsed = parseEvents(request(BATCH, ` [ ${list.join(' ,\n\t')} \n ] `));
    assert.ok(parsed.kind === 'events');
    assert.deepEqual([...parsed.tooLarge], [2, 4]);
  });

  it('refuses a request over 8 MiB', () => {
    assert.equal(status(parseEvents(request(BATCH, Buffer.alloc(REQUEST_LIMIT + 1, ' ')))), 413);
  });
});

describe('binary mode', () => {
  const headers = { 'ce-specversion': '1.0', 'ce-id': 'e-1', 'ce-source': '/s', 'ce-type': 'a.b' };
  const one = (parsed: ParsedEvents): JsonObject => events(parsed)[0] as JsonObject;

  it('takes the envelope from the headers and the data from the body', () => {
    assert.deepEqual(
      one(parseEvents(request('application/json', { n: 1 }, { ...headers, 'ce-ext': 'v', host: 'h' }))),
      {
        ...event,
        datacontenttype: 'application/json',
        ext: 'v',
      },
    );
  });

  it('takes an event without data', () => {
    assert.equal('data' in one(parseEvents(request(undefined, '', headers))), false);
  });

  const values: Record<string, string> = {
    plain: 'plain',
    'a%20b': 'a b',
    'Euro%20%E2%82%AC%20%F0%9F%98%80': 'Euro € 😀',
    '100%': '100%',
    '%zz%2': '%zz%2',
    '%2525': '%25',
    '"quoted \\"x\\" %41"': 'quoted "x" A',
    'a"b': 'a"b',
    [Buffer.from('Łódź').toString('latin1')]: 'Łódź',
  };
  for (const [header, value] of Object.entries(values)) {
    it(`reads ${header} as ${value}`, () => {
      assert.equal(
        one(parseEvents(request('application/json', '{}', { ...headers, 'ce-ext': header })))['ext'],
        value,
      );
    });
  }

  it('refuses headers that are not UTF-8', () => {
    assert.equal(
      status(parseEvents(request('application/json', '{}', { ...headers, 'ce-ext': '%FF%FE' }))),
      400,
    );
  });

  it('refuses data in a header', () => {
    assert.equal(status(parseEvents(request('application/json', '{}', { ...headers, 'ce-data': 'x' }))), 400);
  });

  it('refuses a body that is no JSON', () => {
    assert.equal(status(parseEvents(request('application/json', '{', headers))), 400);
  });

  it('refuses a body over 1 MiB', () => {
    const body = JSON.stringify({ pad: 'x'.repeat(EVENT_LIMIT) });
    assert.equal(status(parseEvents(request('application/json', body, headers))), 413);
  });

  for (const type of [
    'text/plain',
    'application/xml',
    'application/cloudevents+xml',
    'application/json; charset=utf-16',
  ]) {
    it(`refuses ${type}`, () => assert.equal(status(parseEvents(request(type, '{}', headers))), 415));
  }
});

describe('a content type that is not taken', () => {
  const types = [
    undefined,
    '',
    'application/json',
    'text/json',
    'application/cloudevents',
    'application/cloudevents+avro',
  ];
  for (const type of [
    ...types,
    'application/x-ndjson',
    `${STRUCTURED}; charset=iso-8859-1`,
    `${BATCH};charset=utf-16`,
  ]) {
    it(String(type), () => assert.equal(status(parseEvents(request(type, event))), 415));
  }
});

describe('what the CloudEvents SDK sends', () => {
  const word = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => text.trim() === text && text.isWellFormed());
  const events_ = fc.record({
    id: word,
    source: word,
    extension: word,
    data: fc.dictionary(fc.string(), fc.jsonValue()),
  });
  const asRequest = ({ headers, body }: Message): EventsRequest => {
    const lower = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    return { contentType: lower['content-type'], headers: lower, body: Buffer.from(String(body)) };
  };

  it('is read as it was meant, structured and batched', () => {
    fc.assert(
      fc.property(events_, ({ id, source, extension, data }) => {
        const sent = new CloudEvent(
          { id, source, type: 'a.b', time: '2026-03-02T10:15:00Z', extension, data },
          false,
        );
        const plain = JSON.parse(JSON.stringify(sent)) as Json;
        assert.deepEqual(events(parseEvents(asRequest(HTTP.structured(sent)))), [plain]);
        assert.deepEqual(events(parseEvents(request(BATCH, [sent, sent]))), [plain, plain]);
      }),
    );
  });

  it('is read as it was meant in binary mode, once its headers are percent-encoded as the binding says', () => {
    const encoded = (text: string): string =>
      text.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (c) => encodeURIComponent(c));
    fc.assert(
      fc.property(events_, ({ id, source, extension, data }) => {
        const headers = {
          'ce-specversion': '1.0',
          'ce-type': 'a.b',
          'ce-id': encoded(id),
          'ce-source': encoded(source),
          'ce-ext': encoded(extension),
        };
        const [taken] = events(parseEvents(request('application/json', data, headers))) as [JsonObject];
        assert.deepEqual([taken['id'], taken['source'], taken['ext']], [id, source, extension]);
        assert.deepEqual(taken['data'], JSON.parse(JSON.stringify(data)));
      }),
    );
  });
});
