import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joinStated, personRecord, statedPerson, type StatedPerson } from './stated-person.js';

describe('what a profile says of who somebody is', () => {
  it('is read whatever its members are called, and an address whatever its shape', () => {
    assert.deepEqual(
      statedPerson({
        name: { given: 'Ana', family: 'Ruiz' },
        date_of_birth: '1984-03-09',
        address: { lines: ['Gartenstraße 12'], postcode: 20095, geo: null },
        language: 'es',
        shoe: 38,
      }),
      {
        names: [{ given: 'Ana', family: 'Ruiz' }],
        birthdays: ['1984-03-09'],
        addresses: ['Gartenstraße 12 20095'],
        languages: ['es'],
      },
    );
    assert.equal(statedPerson({ shoe: 38, name: 'Ana Ruiz', birthday: '' }), undefined);
  });

  it('adds up in any order', () => {
    const [one, other]: StatedPerson[] = [
      { birthdays: ['b'], addresses: ['x'] },
      { birthdays: ['a', 'b'], emails: ['e'] },
    ];
    const both = joinStated(one ?? {}, other ?? {});
    assert.equal(JSON.stringify(both), JSON.stringify(joinStated(other ?? {}, one ?? {})));
    assert.deepEqual(both, { birthdays: ['a', 'b'], addresses: ['x'], emails: ['e'] });
  });

  it('is a record together with the identifiers, the numbers that a business gave out aside', () => {
    const party = (kind: string, value: string, names: string[] = []) => ({ kind, value, names, stated: {} });
    assert.equal(personRecord('1', [party('loyalty', 'M-1'), party('anonymous', 'a')]), undefined);
    assert.deepEqual(
      personRecord('1', [
        party('loyalty', 'M-1', ['Ana']),
        party('whatsapp', '+4930123456'),
        party('instagram', 'ana'),
      ]),
      {
        id: '1',
        names: ['Ana'],
        birthdays: [],
        addresses: [],
        emails: [],
        phones: ['+4930123456'],
        handles: ['ana'],
        traits: { language: [] },
      },
    );
  });
});
