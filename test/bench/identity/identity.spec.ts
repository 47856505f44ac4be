import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEFAULT_LEAST_SCORE } from '@threadline/projections/look-alikes/look-alikes';
import { labelled, readTable } from './labelled-file.js';
import { measure } from './measure.js';
import { synthetic } from './synthetic.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
const folder = join(process.env['THREADLINE_REAL_DATA'] ?? resolve(root, '..', 'shared', 'data'), 'people');

describe('a labelled file', () => {
  it('is read by what its columns are called', () => {
    const set = labelled('mine', {
      columns: [
        'Record ID',
        'FName',
        'last_name',
        'by',
        'bm',
        'bd',
        'E-Mail',
        'Postal Code',
        'shoe',
        'ent_id',
      ],
      rows: [['7', 'Ana', 'Ruiz', '1984', '3', '9', 'a@b.test', '20095', '38', 'p1']],
    });
    assert.deepEqual(set.columns, {
      'Record ID': 'id',
      FName: 'given',
      last_name: 'family',
      by: 'birth year',
      bm: 'birth month',
      bd: 'birth day',
      'E-Mail': 'email',
      'Postal Code': 'address',
      shoe: 'not used',
      ent_id: 'truth',
    });
    assert.deepEqual(set.records, [
      {
        id: '7',
        names: [{ given: 'Ana', family: 'Ruiz' }],
        birthdays: ['1984-3-9'],
        addresses: ['20095'],
        emails: ['a@b.test'],
        phones: [],
        handles: [],
        numbers: {},
        traits: {},
      },
    ]);
    assert.equal(set.truth.get('7'), 'p1');
  });

  it('is refused where nothing tells who is who', () => {
    assert.throws(() => labelled('mine', { columns: ['id', 'name'], rows: [['7', 'Ana']] }), /--truth/);
  });
});

describe('suggestions', () => {
  for (const [name, least] of [
    ['fake_1000.csv', 0.92],
    ['dataset1.csv', 0.99],
    ['dataset2.csv', 0.99],
  ] as const) {
    const path = join(folder, name);
    it(
      `${name}: F1 of at least ${least} at a precision of 0.95, and as they come`,
      {
        skip: existsSync(path) ? false : `${path} is not there: not measured`,
      },
      () => {
        const { best, atDefault } = measure(labelled(name, readTable(path)), DEFAULT_LEAST_SCORE);
        assert.ok(best.f1 >= least && best.precision >= 0.95, JSON.stringify(best));
        assert.ok(atDefault.f1 >= least && atDefault.precision >= 0.95, JSON.stringify(atDefault));
      },
    );
  }

  it('are mostly right of made-up people in six languages, families and twins among them', () => {
    for (const set of synthetic(300)) {
      const { atDefault } = measure(set, DEFAULT_LEAST_SCORE);
      assert.ok(
        atDefault.precision > 0.8 && atDefault.recall > 0.6,
        `${set.name}: ${JSON.stringify(atDefault)}`,
      );
    }
  });
});
