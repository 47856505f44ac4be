import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json, JsonObject } from './canonical-json.js';
import { firstSideOf, idOfStream, namedIn, streamOf, withNamed } from './decision.js';
import { clearData, declaresClear } from './stored-event.js';

const ana = { kind: 'email', value: 'ana@example.org' };
const ben = { kind: 'email', value: 'ben@example.org' };
const card = { kind: 'loyalty', value: 'L-1' };
const gone = { kind: 'phone', forgotten: true };
const hash = (...parts: string[]): string => parts.join('/');

const event = (type: string, data: JsonObject) => ({ specversion: '1.0', id: '1', source: '/s', type, data });

describe('the stream of an event', () => {
  it('is told by its type', () => {
    assert.equal(streamOf('identity.linked', 'x'), 'identity-x');
    assert.equal(streamOf('identity.unlinked', 'x'), 'identity-x');
    assert.equal(streamOf('identity.rules.applied', 'x'), 'rules-x');
    for (const type of ['chat.message', 'identity.linked.twice', 'identity.rules', 'identity.checked'])
      assert.equal(streamOf(type, 'x'), 'interaction-x', type);
    for (const type of ['identity.linked', 'identity.rules.applied', 'a.b'])
      assert.equal(idOfStream(streamOf(type, 'x')), 'x', type);
  });
});

describe('whom an event names', () => {
  const cases: [type: string, data: JsonObject, named: Json[]][] = [
    ['chat.message', { identifiers: [ana, card] }, [ana, card]],
    ['chat.message', {}, []],
    ['chat.message', { parties: [ana] }, []],
    ['identity.linked', { parties: [ana, gone, card], rest: [ben] }, [ana, card]],
    ['identity.unlinked', { parties: [gone, ana], rest: [card, gone, ben] }, [ana, card, ben]],
    ['identity.unlinked', { parties: [gone], rest: [gone] }, []],
    ['identity.rules.applied', { rules: { blocked: [ana] }, parties: [ana] }, []],
  ];

  it('stands in its own lists, in order, the forgotten ones aside', () => {
    for (const [type, data, named] of cases) assert.deepEqual(namedIn(type, data), named, type);
    assert.deepEqual(namedIn('identity.linked', undefined), []);
  });

  it('is replaced place by place', () => {
    for (const [type, data, named] of cases) {
      if (named.length === 0) continue;
      const sent = event(type, data);
      assert.deepEqual(withNamed(sent, named), sent, type);
      const nulls = withNamed(
        sent,
        named.map(() => null),
      );
      assert.deepEqual(
        namedIn(type, nulls.data),
        named.map(() => null),
      );
      assert.deepEqual(withNamed(nulls, named), sent, type);
    }
  });

  it('with a value is somebody, whatever is said of them beside', () => {
    const marked = { ...ana, forgotten: true };
    assert.deepEqual(namedIn('identity.linked', { parties: [marked, card] }), [marked, card]);
  });
});

describe('what of a decision is clear', () => {
  it('is how many stand on the side that an unlink takes away, and nothing else', () => {
    const data = { parties: [ana, gone, card], rest: [ben], reason: 'two people', channel: 'x', store: 'y' };
    assert.equal(firstSideOf(data), 2);
    assert.deepEqual(clearData('identity.unlinked', data, hash), { channel: 'identity', firstSide: 2 });
    assert.deepEqual(clearData('identity.linked', data, hash), { channel: 'identity' });
    assert.deepEqual(clearData('identity.rules.applied', { rules: {} }, hash), { channel: 'identity' });
    for (const type of ['identity.linked', 'identity.rules.applied', 'chat.message'])
      assert.equal(declaresClear(type), true, type);
    assert.equal(declaresClear('identity.checked'), false);
  });
});
