import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { Intake, type Taken } from './intake.js';

const hash = (...parts: string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
const intake = new Intake({ hash, country: 'GB' });

const ana = { kind: 'email', value: 'Ana@Example.org' };
const phone = { kind: 'phone', value: '020 7946 0018' };
const gone = { kind: 'loyalty', forgotten: true };

const take = (type: string, data: JsonObject, decides = true): Taken =>
  intake.take({ specversion: '1.0', id: '1', source: '/s', type, data }, { at: 0, decides });

const named = (taken: Taken): string[] => {
  assert.ok(taken.kind === 'received', JSON.stringify(taken));
  return taken.event.identifiers.map(({ kind, value, strength }) => `${kind}:${value} ${strength}`);
};

const paths = (taken: Taken): string[] =>
  taken.kind === 'received' ? [] : taken.problems.map(({ path }) => path);

const RULES = { name: 'maison', version: 1 };

describe('a decision on its way in', () => {
  it('names its parties, then its rest, normalised; the forgotten ones are passed over', () => {
    assert.deepEqual(named(take('identity.linked', { parties: [phone, gone, ana] })), [
      'phone:+442079460018 claimed',
      'email:ana@example.org claimed',
    ]);
    assert.deepEqual(named(take('identity.unlinked', { parties: [gone, ana], rest: [phone, gone] })), [
      'email:ana@example.org claimed',
      'phone:+442079460018 claimed',
    ]);
    assert.deepEqual(named(take('identity.unlinked', { parties: [gone], rest: [gone] })), []);
    assert.deepEqual(named(take('identity.rules.applied', { rules: { ...RULES, blocked: [ana] } })), []);
    assert.deepEqual(named(take('identity.linked', { country: 'CN', parties: [ana, phone] })).slice(1), [
      'phone:+862079460018 claimed',
    ]);
  });

  it('stays as it came', () => {
    const data = { parties: [phone, gone, ana], reason: 'one card', 'x-ours': [1] };
    const taken = take('identity.linked', data);
    assert.ok(taken.kind === 'received');
    assert.deepEqual(taken.event.cloudEvent.data, data);
  });

  it('from whoever may not decide is refused, saying what to do', () => {
    const told: [type: string, way: RegExp][] = [
      ['identity.linked', /a key with the scope admin, or POST \/v1\/identity\/links$/],
      ['identity.unlinked', /a key with the scope admin, or POST \/v1\/identity\/unlinks$/],
      ['identity.rules.applied', /a key with the scope admin$/],
    ];
    for (const [type, way] of told) {
      // Nothing else is said of it, whatever is wrong with it.
      const taken = take(type, {}, false);
      assert.deepEqual(paths(taken), ['/type']);
      assert.ok(taken.kind === 'refused');
      assert.match(taken.problems[0]?.message ?? '', way);
    }
    assert.equal(take('identity.checked', {}, false).kind, 'received');
  });

  it('with the same party on both sides is refused, each named', () => {
    const data = {
      parties: [gone, ana, phone],
      rest: [gone, { kind: 'phone', value: '+44 20 7946 0018' }, { kind: 'user', value: 'u-1' }, ana],
    };
    assert.deepEqual(paths(take('identity.unlinked', data)), ['/data/rest/1', '/data/rest/3']);
  });

  it('of rules that cannot be read is refused, every mistake named', () => {
    const rules = { ...RULES, version: 0, fanOut: 7, blocked: [{ value: 'x' }] };
    assert.deepEqual(paths(take('identity.rules.applied', { rules })).sort(), [
      '/data/rules/blocked/0/kind',
      '/data/rules/fanOut',
      '/data/rules/version',
    ]);
    assert.deepEqual(paths(take('identity.rules.applied', { rules: RULES })), []);
  });

  it('that links one party with itself is refused', () => {
    const spelt = { kind: 'Email', value: ' ana@example.ORG ' };
    assert.deepEqual(paths(take('identity.linked', { parties: [ana, spelt] })), ['/data/parties']);
    assert.deepEqual(paths(take('identity.linked', { parties: [ana, spelt, gone] })), []);
  });
});
