import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FoundCustomer, IdentityLink } from '@threadline/read-store/customers/customer-reads';
import { decisiveLinks, reunions } from './demo-evening.js';

const customer = (id: string, name: string | null, ...values: string[]): FoundCustomer => ({
  id,
  name,
  identifiers: values.map((value) => ({ kind: 'email', value, strength: 'claimed' })),
  lastSeen: null,
  matched: { in: 'all', text: null },
});

const link = (a: string, b: string, minute: number, event = `${a}${b}`): IdentityLink => ({
  ...{ a, b, event, rule: 'named together', strength: 'claimed' },
  at: `2026-03-02T10:0${minute}:00.000Z`,
});

const parties = (
  ...values: string[]
): { id: string; kind: string; value: string; strength: 'claimed'; events: number }[] =>
  values.map((value) => ({ id: value.toUpperCase(), kind: 'email', value, strength: 'claimed', events: 1 }));

describe('the evening', () => {
  it('sees who of before is one customer now, and not who has only got another identifier', () => {
    const before = [customer('1', null, 'a'), customer('2', 'Bo', 'b'), customer('3', 'Cy', 'c')];
    const after = [customer('1', 'Bo', 'a', 'b'), customer('3', 'Cy', 'c', 'd'), customer('4', null, 'e')];
    assert.deepEqual(reunions(before, after), [{ id: '1', name: 'Bo', were: [['email:a'], ['email:b']] }]);
  });

  it('names who has no name by what is known of them', () => {
    const [found] = reunions(
      [customer('1', null, 'a'), customer('2', null, 'b')],
      [customer('1', null, 'a', 'b')],
    );
    assert.equal(found?.name, 'email:a');
  });

  it('shows the earliest links that each join two who were apart', () => {
    const reunion = { id: '1', name: 'Bo', were: [['email:a', 'email:b'], ['email:c'], ['email:d']] };
    const links = [
      link('B', 'C', 4),
      link('A', 'B', 1),
      link('A', 'C', 3),
      link('D', 'C', 5),
      link('A', 'D', 6),
    ];
    assert.deepEqual(
      decisiveLinks(reunion, { parties: parties('a', 'b', 'c', 'd'), links }).map(({ event }) => event),
      ['AC', 'DC'],
    );
  });

  it('goes over somebody who was not known before', () => {
    const reunion = { id: '1', name: 'Bo', were: [['email:a'], ['email:b']] };
    const links = [link('A', 'N', 1), link('N', 'B', 2)];
    assert.deepEqual(
      decisiveLinks(reunion, { parties: parties('a', 'b', 'n'), links }).map(({ event }) => event),
      ['NB'],
    );
  });
});
