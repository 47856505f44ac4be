import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type Json, type JsonObject } from './canonical-json.js';
import type { CloudEventJson } from './cloud-event.js';
import { contentHash, eventId, interactionId } from './ids.js';
import {
  ContentConflictError,
  contentOf,
  evolve,
  NEW_INTERACTION,
  receiveInteraction,
  type Interaction,
  type ReceivedEvent,
} from './interaction.js';

const hash = (...parts: string[]): string =>
  createHmac('sha256', 'a key').update(JSON.stringify(parts)).digest('hex').slice(0, 32);

const ARRIVAL = Date.UTC(2026, 2, 2);

function received(sent: CloudEventJson): ReceivedEvent {
  const arrived = sent.time === undefined;
  return {
    eventId: eventId(hash, sent.source, sent.id),
    interaction: interactionId(hash, sent.source, sent.id),
    type: sent.type,
    cloudEvent: arrived ? { ...sent, time: new Date(ARRIVAL).toISOString() } : sent,
    at: arrived ? ARRIVAL : Date.parse(sent.time ?? ''),
    ...(arrived && { arrived }),
    hash: contentHash(hash, contentOf(sent)),
    identifiers: [],
  };
}

const SENT: CloudEventJson = {
  specversion: '1.0',
  id: 'm-1',
  source: '/s',
  type: 'chat.message',
  data: { content: { text: 'hello' } },
};

/** When: the event comes; then: what is appended, and the state after it. */
function when(event: ReceivedEvent, given: Interaction = NEW_INTERACTION): [ReceivedEvent[], Interaction] {
  const fresh = receiveInteraction(event, given, hash);
  return [
    fresh,
    evolve(
      given,
      fresh.map((event) => ({ eventId: event.eventId, event })),
    ),
  ];
}

describe('an interaction', () => {
  it('takes an event once, however often it comes', () => {
    const event = received({ ...SENT, time: '2026-03-02T10:00:00Z' });
    const [first, state] = when(event);
    assert.deepEqual(first, [event]);
    assert.deepEqual(when(event, state), [[], state]);
  });

  it('refuses the same name with another content', () => {
    const [, state] = when(received({ ...SENT, time: '2026-03-02T10:00:00Z' }));
    const other = received({ ...SENT, time: '2026-03-02T10:00:00Z', data: { content: { text: 'goodbye' } } });
    assert.throws(() => when(other, state), ContentConflictError);
  });

  it('knows a copy of an event without a time, also with the time that it was given', () => {
    const [, state] = when(received(SENT));
    assert.deepEqual(when(received(SENT), state)[0], []);
    const givenOut = { ...SENT, time: new Date(ARRIVAL).toISOString(), threadlineposition: '7' };
    assert.deepEqual(when(received(givenOut), state)[0], []);
    assert.throws(
      () => when(received({ ...SENT, time: '2026-03-03T00:00:00Z' }), state),
      ContentConflictError,
    );
  });

  it('counts revisions', () => {
    const [, one] = when(received(SENT));
    const [, two] = when(received({ ...SENT, id: 'm-2' }), one);
    assert.deepEqual(
      [one, two].map((state) => state.status === 'recorded' && state.revision),
      [0, 1],
    );
  });
});

describe('content', () => {
  const shuffledKeys = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(shuffledKeys);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, inner]) => [key, shuffledKeys(inner)]),
    );
  };

  it('is compared whatever the order of members, and says the same as JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const json = JSON.parse(JSON.stringify(object)) as JsonObject;
        assert.equal(canonicalJson(json), canonicalJson(shuffledKeys(json)));
        assert.deepEqual(JSON.parse(canonicalJson(json)), json);
      }),
    );
  });

  it('is noticed where members are taken as they come', () => {
    assert.throws(() =>
      fc.assert(
        fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 2 }), (object) => {
          const json = JSON.parse(JSON.stringify(object)) as JsonObject;
          assert.equal(JSON.stringify(json), JSON.stringify(shuffledKeys(json)));
        }),
      ),
    );
  });

  it('leaves out our own extensions only', () => {
    assert.equal(contentOf({ ...SENT, threadlineposition: '7' }), contentOf(SENT));
    assert.notEqual(contentOf({ ...SENT, traceparent: '00' }), contentOf(SENT));
    assert.equal(contentOf(JSON.parse('{"__proto__":{"a":1}}') as JsonObject), '{"__proto__":{"a":1}}');
  });
});

describe('ids', () => {
  it('are UUIDs of version 8, and never alike for two names', () => {
    const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
        assert.match(eventId(hash, a, b), UUID);
        if (a !== c || b !== d) assert.notEqual(eventId(hash, a, b), eventId(hash, c, d));
      }),
    );
  });
});
