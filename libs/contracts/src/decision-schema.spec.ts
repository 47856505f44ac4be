import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { EVENT_LIMIT, parseEvents, REQUEST_LIMIT, type ParsedEvents } from './cloudevents.js';
import { eventProblems } from './validate-event.js';

const ana = { kind: 'email', value: 'ana@example.org' };
const ben = { kind: 'email', value: 'ben@example.org' };
const gone = { kind: 'phone', forgotten: true };

const event = (type: string, data?: unknown): JsonObject =>
  ({ specversion: '1.0', id: '1', source: '/threadline/identity', type, data }) as JsonObject;

describe('a decision', () => {
  const by = { key: 'k-1', label: 'Care desk', staff: { id: 'a-7', name: 'Kofi' } };
  const good: [name: string, type: string, data: unknown][] = [
    ['a link', 'identity.linked', { parties: [ana, ben], reason: 'same card', by }],
    ['a link without reason', 'identity.linked', { parties: [ana, ben] }],
    ['a link of whom somebody is forgotten', 'identity.linked', { parties: [gone, ben] }],
    ['an unlink', 'identity.unlinked', { parties: [ana], rest: [ben, gone], by, 'x-ours': 1 }],
    ['rules', 'identity.rules.applied', { rules: { fanOut: 5 }, by }],
    ['another type of that name', 'identity.checked', { parties: 'any' }],
  ];
  for (const [name, type, data] of good)
    it(`is ${name}`, () => assert.deepEqual(eventProblems(event(type, data)), []));

  const bad: [name: string, type: string, data: unknown, paths: string[]][] = [
    ['without data', 'identity.linked', undefined, ['/data/parties']],
    ['without parties', 'identity.linked', { reason: 'x' }, ['/data/parties']],
    ['with one party', 'identity.linked', { parties: [ana] }, ['/data/parties']],
    ['with no rest', 'identity.unlinked', { parties: [ana], rest: [] }, ['/data/rest']],
    [
      'with parties that are none',
      'identity.unlinked',
      {
        parties: ['ana', { kind: 'email' }, { value: 'x' }],
        rest: [
          { kind: ' ', value: 7 },
          { kind: 'email', forgotten: false },
        ],
      },
      [
        '/data/parties/0',
        '/data/parties/1/value',
        '/data/parties/2/kind',
        '/data/rest/0/kind',
        '/data/rest/0/value',
        '/data/rest/1/forgotten',
      ],
    ],
    [
      'that says more of a party',
      'identity.linked',
      { parties: [{ ...ana, name: 'Ana' }, ben] },
      ['/data/parties/0/name'],
    ],
    [
      'with identifiers beside its parties',
      'identity.linked',
      { parties: [ana, ben], identifiers: [ana] },
      ['/data/identifiers'],
    ],
    [
      'with a reason and a decider of other types',
      'identity.linked',
      { parties: [ana, ben], reason: 5, by: { label: 1, staff: { name: {} } } },
      ['/data/by/key', '/data/by/label', '/data/by/staff/name', '/data/reason'],
    ],
    ['of no rules', 'identity.rules.applied', { rules: [] }, ['/data/rules']],
  ];
  for (const [name, type, data, paths] of bad) {
    it(`is refused ${name}, every problem named`, () => {
      const problems = eventProblems(event(type, data));
      assert.deepEqual(problems.map(({ path }) => path).sort(), paths);
      for (const { message } of problems) assert.match(message, /^expected /);
    });
  }
});

describe('the size of a decision', () => {
  const STRUCTURED = 'application/cloudevents+json';
  const BATCH = 'application/cloudevents-batch+json';
  const sized = (type: string, bytes: number): string => {
    const { length } = JSON.stringify({ ...event(type), pad: '' });
    return JSON.stringify({ ...event(type), pad: 'x'.repeat(bytes - length) });
  };
  const parsed = (contentType: string, body: string, decides: boolean, headers = {}): ParsedEvents =>
    parseEvents({ contentType, headers, body: Buffer.from(body), decides });
  const status = (outcome: ParsedEvents): number => (outcome.kind === 'events' ? 202 : outcome.status);

  it('may be that of a request, where it comes from who may decide', () => {
    const large = sized('identity.unlinked', REQUEST_LIMIT);
    assert.equal(status(parsed(STRUCTURED, large, true)), 202);
    assert.equal(status(parsed(STRUCTURED, `${large} `, true)), 413);
    assert.equal(status(parsed(STRUCTURED, large, false)), 413);
    const binary = { 'ce-type': 'identity.linked', 'ce-id': '1', 'ce-specversion': '1.0' };
    const data = JSON.stringify('x'.repeat(EVENT_LIMIT));
    assert.equal(status(parsed('application/json', data, true, binary)), 202);
    assert.equal(status(parsed('application/json', data, false, binary)), 413);
  });

  it('leaves 1 MiB to everything else', () => {
    const large = sized('identity.checked', EVENT_LIMIT + 1);
    assert.equal(status(parsed(STRUCTURED, large, true)), 413);
    const batch = `[${['identity.linked', 'a.b', 'identity.rules.applied'].map((type) => sized(type, EVENT_LIMIT + 1)).join()}]`;
    const tooLarge = (decides: boolean): number[] => {
      const outcome = parsed(BATCH, batch, decides);
      assert.ok(outcome.kind === 'events');
      return [...outcome.tooLarge];
    };
    assert.deepEqual(tooLarge(true), [1]);
    assert.deepEqual(tooLarge(false), [0, 1, 2]);
  });
});
