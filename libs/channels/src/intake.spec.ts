import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { ReceivedEvent } from '@threadline/domain/interaction';
import { Intake } from './intake.js';

const hash = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
const intake = new Intake({ hash, country: 'GB' });
const NOW = Date.UTC(2026, 2, 2, 10, 15);

const take = (event: JsonObject, mode?: 'backfill'): ReceivedEvent => {
  const taken = intake.take(
    { specversion: '1.0', id: 'e-1', source: '/s', type: 'a.b', ...event },
    { at: NOW, ...(mode && { mode }) },
  );
  assert.ok(taken.kind === 'received', JSON.stringify(taken));
  return taken.event;
};

describe('intake', () => {
  it('names an event by source and id, its interaction by source and object', () => {
    const plain = take({});
    assert.match(plain.eventId, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(take({ data: { object: 'o' } }).eventId, plain.eventId);
    assert.notEqual(take({ data: { object: 'o' } }).interaction, plain.interaction);
    assert.equal(
      take({ id: 'e-2', data: { object: 'e-1' } }).interaction,
      plain.interaction,
      'the default object is the id',
    );
    assert.notEqual(take({ source: '/t' }).eventId, plain.eventId);
  });

  it('takes the time of the event, else that of its arrival', () => {
    const timed = take({ time: '2026-03-01T12:00:00.5+02:00' });
    assert.deepEqual(
      [timed.at, timed.arrived, timed.cloudEvent.time],
      [Date.UTC(2026, 2, 1, 10, 0, 0, 500), undefined, '2026-03-01T12:00:00.5+02:00'],
    );
    const timeless = take({});
    assert.deepEqual(
      [timeless.at, timeless.arrived, timeless.cloudEvent.time],
      [NOW, true, '2026-03-02T10:15:00.000Z'],
    );
  });

  it('compares content as it was sent: without our extensions, without the time that we filled in', () => {
    const { hash: plain } = take({});
    assert.equal(take({ threadlinemode: 'backfill', threadlineposition: '7' }).hash, plain);
    assert.equal(take({ datacontenttype: 'application/json; charset=utf-8' }).hash, plain);
    for (const other of [
      { time: '2026-03-02T10:15:00.000Z' },
      { ext: 1 },
      { data: {} },
      { datacontenttype: 'text/json' },
    ]) {
      assert.notEqual(take(other).hash, plain, JSON.stringify(other));
    }
    assert.equal(
      take({ data: { a: 1, b: { d: 1, c: 2 } } }).hash,
      take({ data: { b: { c: 2, d: 1 }, a: 1 } }).hash,
    );
    assert.notEqual(
      take({ data: JSON.parse('{"__proto__":{"a":1}}') as JsonObject }).hash,
      take({ data: {} }).hash,
    );
  });

  it('takes the mode from the request or from the event', () => {
    assert.equal(take({}).mode, undefined);
    assert.equal(take({}, 'backfill').mode, 'backfill');
    assert.equal(take({ threadlinemode: 'backfill' }).mode, 'backfill');
  });

  it('normalises identifiers beside the event, which stays as it came', () => {
    const identifiers = [
      { kind: ' Email', value: 'Ana@Example.org ', name: 'Ana Ruiz' },
      { kind: 'phone', value: '020 7946 0000', strength: 'shared' },
      { kind: 'loyalty', value: 'L-1' },
      { kind: 'device', value: 'd', strength: 'verified' },
    ];
    const event = take({ data: { identifiers } });
    assert.deepEqual(event.identifiers, [
      { kind: 'email', value: 'ana@example.org', strength: 'claimed', name: 'Ana Ruiz' },
      { kind: 'phone', value: '+442079460000', strength: 'shared' },
      { kind: 'loyalty', value: 'L-1', strength: 'verified' },
      { kind: 'device', value: 'd', strength: 'device' },
    ]);
    assert.deepEqual(event.cloudEvent.data?.['identifiers'], identifiers);
  });

  it('takes the country of the event before that of the hub', () => {
    const identifiers = [{ kind: 'phone', value: '01 42 68 53 00' }];
    assert.equal(take({ data: { identifiers, country: 'FR' } }).identifiers[0]?.value, '+33142685300');
  });

  it('refuses with every problem', () => {
    const taken = intake.take({ specversion: '1.0', id: '', source: '/s', type: 'ab' }, { at: NOW });
    assert.deepEqual(taken.kind === 'refused' && taken.problems.map(({ path }) => path), ['/id', '/type']);
  });
});
