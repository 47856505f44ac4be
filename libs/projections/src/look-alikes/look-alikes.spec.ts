import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_LEAST_SCORE, lookAlikes, type LookAlike } from './look-alikes.js';
import type { PersonRecord } from './record.js';

type Suggest = (records: readonly PersonRecord[], leastScore: number) => LookAlike[];

const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { maxLength: 2 });
/** Out of so few values that records collide, in whole, by a slip, and in part. */
const record = fc.record({
  names: some(
    fc.oneof(
      fc.record({
        given: fc.constantFrom('Anna', 'Ana', 'Robert', 'Rob', '', '伟'),
        family: fc.constantFrom('Ruiz', 'Ruis', 'Anna', 'Müller', '', '王'),
      }),
      fc.constantFrom('Anna Ruiz', 'Ruiz, Anna', 'Robert Müller', '王伟', 'Ruiz Anna'),
    ),
  ),
  birthdays: some(fc.constantFrom('1971-06-24', '1971-05-24', '24.06.1971', '1980', 'soon')),
  addresses: some(
    fc.constantFrom('6 High Street, Leeds', '6 Hihg Street Leeds', '7 High Street, Leeds', '上海市人民路6号'),
  ),
  emails: some(
    fc.constantFrom(
      'anna.ruiz@example.org',
      'anna.riuz@example.org',
      'x1@example.org',
      'anna.ruiz@mail.test',
    ),
  ),
  phones: some(fc.constantFrom('+49 30 1234567', '030 1234567', '030 1234568')),
  handles: some(fc.constantFrom('annaruiz', 'robmueller')),
});
const people = fc
  .array(record, { maxLength: 12 })
  .map((found) => found.map((one, at) => ({ ...one, id: `r${at}` })));

const shown = (found: readonly LookAlike[]): unknown =>
  found.map(({ reasons, score, odds, ...pair }) => ({
    ...pair,
    score: score.toFixed(9),
    odds: odds.toFixed(6),
    reasons: reasons.map(({ weight, ...reason }) => ({ ...reason, weight: weight.toFixed(9) })),
  }));

const anyOrder = (suggest: Suggest) =>
  fc.property(people, fc.infiniteStream(fc.nat()), (records, order) => {
    const shuffled = records
      .map((one) => ({ one, at: order.next().value as number }))
      .sort((a, b) => a.at - b.at)
      .map(({ one }) => one);
    assert.deepEqual(shown(suggest(shuffled, 0.01)), shown(suggest(records, 0.01)));
  });

/** Which of the two is called first by its id decides nothing but the order of the values. */
const symmetric = (suggest: Suggest) =>
  fc.property(record, record, (one, other) => {
    const score = (first: object, second: object): unknown => {
      const [found] = suggest(
        [
          { ...first, id: 'a' },
          { ...second, id: 'b' },
        ],
        0,
      );
      return [
        found?.score.toFixed(9),
        found?.reasons.map(({ weight, field }) => `${field} ${weight.toFixed(9)}`).sort(),
      ];
    };
    assert.deepEqual(score(one, other), score(other, one));
  });

const STRANGER: PersonRecord = {
  id: 'zz',
  names: [{ given: 'Ξενοφών', family: 'Ωριγένης' }],
  birthdays: ['1899-12-31'],
  emails: ['qqq@qqq.test'],
};

/**
 * One more record that has nothing in common with any: the same pairs are found for the same reasons. Their scores move by what
 * one record more changes in frequencies and expectations, which is little.
 */
const strangersAside = (suggest: Suggest) =>
  fc.property(people, (records) => {
    const [before, after] = [suggest(records, 0), suggest([...records, STRANGER], 0)];
    const scores = (found: readonly LookAlike[]): Map<string, number> =>
      new Map(found.map(({ a, b, score }) => [`${a} ${b}`, score]));
    for (const [one, other] of [
      [scores(before), scores(after)],
      [scores(after), scores(before)],
    ] as const) {
      for (const [pair, score] of one) {
        const there = other.get(pair) ?? 0;
        assert.ok(Math.abs(there - score) < 0.05, `${pair}: ${score} and ${there}`);
      }
    }
  });

describe('lookAlikes', () => {
  it('depends on the set of records, not on their order', () => {
    fc.assert(anyOrder(lookAlikes), { numRuns: 300 });
  });

  it('is symmetric', () => {
    fc.assert(symmetric(lookAlikes), { numRuns: 500 });
  });

  it('hardly minds a record that has nothing in common with the others', () => {
    fc.assert(strangersAside(lookAlikes), { numRuns: 200 });
  });

  it('sabotage: the properties fail where they do not hold', () => {
    const byArrival: Suggest = (records, least) =>
      lookAlikes(records, least).map((pair) => ({
        ...pair,
        score: pair.a === records[0]?.id ? 0.5 : pair.score,
      }));
    assert.ok(fc.check(anyOrder(byArrival), { numRuns: 300 }).failed);
    const oneSided: Suggest = (records, least) =>
      lookAlikes(
        records.map((one) => (one.id === 'a' ? { ...one, emails: [] } : one)),
        least,
      );
    assert.ok(fc.check(symmetric(oneSided), { numRuns: 500 }).failed);
    const byNumber: Suggest = (records, least) =>
      records.length % 2 === 0 ? [] : lookAlikes(records, least);
    assert.ok(fc.check(strangersAside(byNumber), { numRuns: 200 }).failed);
  });
});

/** Others that the two are among, so that names and towns are as common as they are. */
const others = Array.from({ length: 200 }, (_, at): PersonRecord => {
  const given = ['Emma', 'Noah', 'Lena', 'Paul', 'Mia', 'Leon', 'Ida', 'Karl'][at % 8] as string;
  const family = ['Fischer', 'Weber', 'Becker', 'Wagner', 'Koch'][at % 5] as string;
  return {
    id: `other${at}`,
    names: [{ given: `${given}`, family: `${family}${String.fromCharCode(97 + (at % 26))}` }],
    birthdays: [`${1950 + (at % 50)}-${1 + (at % 12)}-${1 + (at % 28)}`],
    addresses: [`${at} Lindenweg ${10_000 + at * 7} Bremen`],
  };
});

function scoreOf(a: Omit<PersonRecord, 'id'>, b: Omit<PersonRecord, 'id'>): number {
  const records = [...others, { ...a, id: 'x' }, { ...b, id: 'y' }];
  return lookAlikes(records, 0).find((pair) => pair.a === 'x' && pair.b === 'y')?.score ?? 0;
}
const isSuggested = (a: Omit<PersonRecord, 'id'>, b: Omit<PersonRecord, 'id'>): boolean =>
  scoreOf(a, b) >= DEFAULT_LEAST_SCORE;

const ana = {
  names: [{ given: 'Ana', family: 'Ruiz' }],
  birthdays: ['1984-03-09'],
  addresses: ['12 Gartenstraße, 20095 Hamburg'],
};

describe('what looks like one person', () => {
  for (const [what, other] of [
    ['a slip in the family name', { ...ana, names: [{ given: 'Ana', family: 'Riuz' }] }],
    ['another way to write a day', { ...ana, birthdays: ['9.3.1984'] }],
    ['day and month swapped', { ...ana, birthdays: ['1984-09-03'] }],
    ['given and family name swapped', { ...ana, names: [{ given: 'Ruiz', family: 'Ana' }] }],
    ['a whole name, family name first', { ...ana, names: ['RUIZ, Ana'] }],
    ['a title, accents and capitals', { ...ana, names: ['Mrs ANÁ RUIZ'] }],
    ['an address in another order, with a slip', { ...ana, addresses: ['Hamburg 20095, Gartenstrase 12'] }],
    ['no address', { ...ana, addresses: [] }],
  ] as const) {
    it(what, () => {
      assert.ok(isSuggested(ana, other), String(scoreOf(ana, other)));
    });
  }

  it('a Chinese name, with and without a space, and a birthday', () => {
    const [one, other] = [
      { names: ['欧阳思远'], birthdays: ['1990-01-02'] },
      { names: [{ given: '思远', family: '欧阳' }], birthdays: ['1990年1月2日'] },
    ];
    assert.ok(isSuggested(one, other), String(scoreOf(one, other)));
  });

  it('tells why', () => {
    const found = lookAlikes([...others, { ...ana, id: 'x' }, { ...ana, id: 'y', names: ['Ana Riuz'] }], 0.5);
    const [first] = found;
    assert.deepEqual([first?.a, first?.b], ['x', 'y']);
    assert.deepEqual(first?.reasons.map(({ field, how }) => `${field}: ${how}`).sort(), [
      'address: same',
      'birthday: same',
      'family name: a typing slip apart',
      'given name: same',
    ]);
    assert.ok(first.reasons.every(({ weight }) => weight > 0));
  });
});

describe('what does not', () => {
  const twin = { ...ana, names: [{ given: 'Berta', family: 'Ruiz' }] };
  const daughter = { ...twin, birthdays: ['2012-11-30'] };

  it('twins: all but the given name is the same', () => {
    assert.ok(!isSuggested(ana, twin), String(scoreOf(ana, twin)));
  });

  it('mother and daughter, nor are they likelier than twins', () => {
    assert.ok(scoreOf(ana, daughter) <= scoreOf(ana, twin));
  });

  it('father and son of one name', () => {
    assert.ok(!isSuggested(ana, { ...ana, birthdays: ['2012-11-30'] }));
  });

  it('two of a common name and nothing else', () => {
    const common = { names: [{ given: 'Emma', family: 'Fischera' }] };
    assert.ok(!isSuggested(common, { ...common, birthdays: ['1999-09-09'] }));
  });

  it('one day of birth alone', () => {
    assert.ok(
      !isSuggested(
        { birthdays: ['1984-03-09'], names: ['Ana Ruiz'] },
        { birthdays: ['1984-03-09'], names: ['Otto Kahn'] },
      ),
    );
  });
});
