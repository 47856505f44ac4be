import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Strength } from '@threadline/domain/identifier';
import { naiveIdentity, type NaiveDecision, type NaiveIdentity } from './naive-identity.js';
import { LinksOfPairs, type NaiveLink } from './naive-links.js';
import { NAIVE_DEFAULTS, type NaiveRules } from './naive-rules.js';

type World = (NaiveLink | NaiveDecision)[];

/** `email:ana phone:1` link by that event at that hour; a party's id is its identifier. */
const link = (event: string, pair: string, at = 10, strength: Strength = 'claimed', place = 1): NaiveLink => {
  const [a = '', b = ''] = pair.split(' ');
  return { a, b, event, place, strength, at };
};

/** All links of a star, an hour apart: `star('email:ana', 'phone', 6)`. */
const star = (centre: string, kind: string, rays: number): NaiveLink[] =>
  Array.from({ length: rays }, (_, n) => link(`star-${n + 1}`, `${centre} ${kind}:${n + 1}`, n));

const linked = (event: string, at: number, parties: string): NaiveDecision => ({
  ...{ event, at, type: 'link', rest: [] },
  parties: parties.split(' '),
});

const unlinked = (event: string, at: number, parties: string, rest: string): NaiveDecision => ({
  ...{ event, at, type: 'unlink' },
  parties: parties.split(' '),
  rest: rest.split(' '),
});

const rules = (more: Partial<NaiveRules>): NaiveRules => ({ ...NAIVE_DEFAULTS, ...more });

function identityOf(world: World, by = NAIVE_DEFAULTS, firstSeen = (_: string): number => 0): NaiveIdentity {
  const links = new LinksOfPairs();
  const decisions: NaiveDecision[] = [];
  const names = new Set<string>();
  for (const one of world) {
    for (const name of 'type' in one ? [...one.parties, ...one.rest] : [one.a, one.b]) names.add(name);
    if ('type' in one) decisions.push(one);
    else links.add(one);
  }
  const parties = [...names].map((id) => {
    const [kind = '', value = ''] = id.split(':');
    return { id, kind, value, firstSeen: firstSeen(id) };
  });
  return naiveIdentity(parties, links.all, decisions, by);
}

/** `a b|c`: who is one person. */
function people(world: World, by?: NaiveRules, firstSeen?: (party: string) => number): string {
  const identity = identityOf(world, by, firstSeen);
  const names = world.flatMap((one) => ('type' in one ? [...one.parties, ...one.rest] : [one.a, one.b]));
  const sets = names.map((name) =>
    identity
      .membersOf(name)
      .map(({ id }) => id)
      .sort()
      .join(' '),
  );
  return [...new Set(sets)].sort().join('|');
}

const refusals = (world: World, by?: NaiveRules, firstSeen?: (party: string) => number): string[] =>
  identityOf(world, by, firstSeen).refused.map(({ event, rule }) => `${event} ${rule}`);

describe('naive identity: automatic links', () => {
  it('are taken the strongest, oldest, least first, so that of three cards two are never one person', () => {
    const one = link('z', 'email:ana loyalty:1', 12, 'verified');
    const two = link('y', 'email:ana loyalty:2', 8);
    assert.equal(people([one, two]), 'email:ana loyalty:1|loyalty:2');
    assert.deepEqual(refusals([one, two]), ['y one-per-person']);
    const older = link('z', 'email:ana loyalty:1', 9);
    assert.equal(people([older, two]), 'email:ana loyalty:2|loyalty:1');
    const same = link('x', 'email:ana loyalty:1', 8);
    assert.equal(people([two, same]), 'email:ana loyalty:1|loyalty:2');
    const inOne = [
      link('e', 'email:ana loyalty:2', 8, 'claimed', 1),
      link('e', 'email:ana loyalty:1', 8, 'claimed', 2),
    ];
    assert.equal(people(inOne.toReversed()), 'email:ana loyalty:2|loyalty:1');
  });

  it('count once a pair, the strongest, oldest, least of them', () => {
    const { links } = identityOf([
      link('d', 'email:ana phone:1', 5, 'inferred'),
      link('c', 'email:ana phone:1', 7),
      link('b', 'phone:1 email:ana', 6),
      link('a', 'email:ana phone:1', 7),
    ]);
    assert.deepEqual(links, [link('b', 'phone:1 email:ana', 6)]);
  });

  it('come alive by themselves when what stood against them goes', () => {
    const second = link('b', 'email:ana loyalty:2', 9);
    const bridge = link('c', 'phone:1 loyalty:2', 10);
    const world = [link('a', 'email:ana loyalty:1', 8), link('p', 'phone:1 email:ana', 7), second, bridge];
    assert.deepEqual(refusals(world), ['b one-per-person', 'c one-per-person']);
    const apart = unlinked('u', 20, 'loyalty:1', 'email:ana phone:1');
    assert.equal(people([...world, apart]), 'email:ana loyalty:2 phone:1|loyalty:1');
    assert.deepEqual(refusals([...world, apart]), ['a unlinked']);
  });

  it('have limits by kind, and none where one side has nothing of it', () => {
    const world = ['1', '2', '3'].map((n) => link(n, `email:ana loyalty:${n}`, Number(n)));
    assert.deepEqual(refusals(world, rules({ limits: { loyalty: 2 } })), ['3 one-per-person']);
    assert.deepEqual(refusals(world, rules({ limits: {} })), []);
    const users = ['1', '2'].map((n) => link(n, `email:ana user:${n}`, Number(n)));
    assert.deepEqual(refusals(users), ['2 one-per-person']);
    // A person said that these two are one: who has none may still come to them.
    const decided = linked('d', 1, 'loyalty:1 loyalty:2');
    assert.equal(
      people([decided, link('a', 'email:ana loyalty:2'), link('b', 'email:ana loyalty:3', 11)]),
      'email:ana loyalty:1 loyalty:2|loyalty:3',
    );
  });

  it('are refused where an end is blocked, also where they would join nothing', () => {
    const blocked = ['email:test@x.org', 'email:noreply@x.org', 'email:no-reply@x', 'phone:0', 'x:777777'];
    for (const value of blocked)
      assert.deepEqual(refusals([link('a', `${value} user:1`)]), ['a blocked-value'], value);
    for (const value of ['email:a.test@x.org', 'phone:77777', 'phone:7777771', 'phone:+000000', 'x:test@x'])
      assert.deepEqual(refusals([link('a', `${value} user:1`)]), [], value);
    const decided = linked('d', 1, 'email:test@test.com user:1');
    const world = [decided, link('a', 'email:test@test.com user:1')];
    assert.deepEqual(refusals(world), ['a blocked-value']);
    assert.equal(people(world), 'email:test@test.com user:1');
    const own = rules({
      blocked: [
        { kind: '*', value: '1' },
        { kind: 'email', pattern: 'x$' },
      ],
    });
    assert.deepEqual(refusals([link('a', 'email:ax phone:2'), link('b', 'phone:1 phone:3')], own), [
      'a blocked-value',
      'b blocked-value',
    ]);
    assert.deepEqual(refusals([link('a', 'phone:ax phone:12')], own), []);
  });
});

describe('naive identity: fan-out', () => {
  it('lets a value have five of a kind, and of six none', () => {
    assert.deepEqual(refusals(star('phone:desk', 'email', 5)), []);
    assert.deepEqual(refusals(star('phone:desk', 'email', 6)).length, 6);
    assert.deepEqual(refusals(star('email:x', 'email', 6)).length, 6);
    assert.deepEqual(refusals(star('loyalty:7', 'email', 6)), []);
    assert.deepEqual(refusals(star('phone:desk', 'anonymous', 60)), []);
    const mixed = [...star('phone:desk', 'email', 5), ...star('phone:desk', 'user', 5).slice(0, 1)];
    assert.deepEqual(refusals(mixed), []);
  });

  it('counts whatever became of the links, also those that are refused', () => {
    const cards = [...star('anonymous:x', 'loyalty', 6), link('m', 'anonymous:x email:ana', 30)];
    assert.equal(refusals(cards).filter((one) => one.endsWith('fan-out')).length, 7);
    const five = [...star('anonymous:x', 'loyalty', 5), link('m', 'anonymous:x email:ana', 30)];
    assert.equal(refusals(five).filter((one) => one.endsWith('one-per-person')).length, 4);
    assert.match(people(five), /anonymous:x email:ana loyalty:1/);
  });

  it('obeys its rules', () => {
    const by = rules({ fanOut: { most: { email: 1 }, exempt: ['phone'] } });
    assert.deepEqual(refusals(star('phone:desk', 'email', 6), by), []);
    assert.deepEqual(refusals(star('user:u', 'email', 2), by), ['star-1 fan-out', 'star-2 fan-out']);
    assert.deepEqual(refusals(star('email:u', 'phone', 2), by), []);
  });
});

describe('naive identity: the firewall', () => {
  const by = rules({ firewall: { parties: 2 } });
  const clusters = [
    link('a1', 'email:a phone:a1', 1, 'verified'),
    link('a2', 'email:a phone:a2', 1, 'verified'),
    link('b1', 'email:b phone:b1', 1, 'verified'),
    link('b2', 'email:b phone:b2', 1, 'verified'),
  ];

  it('keeps a link waiting whose lighter side has more parties', () => {
    const world = [...clusters, link('w', 'phone:a1 phone:b1', 10)];
    assert.deepEqual(refusals(world, by), ['w review']);
    assert.deepEqual(refusals(world.slice(1), by), []);
    assert.deepEqual(refusals([...world, linked('d', 20, 'email:a email:b')], by), []);
    assert.deepEqual(refusals([...world, unlinked('u', 20, 'email:a', 'email:b')], by), ['w unlinked']);
  });

  it('counts those that were first seen before the link', () => {
    const world = [...clusters, link('w', 'phone:a1 phone:b1', 10)];
    const seen = (when: number) => (party: string) => (party === 'phone:b2' ? when : 0);
    assert.deepEqual(refusals(world, by, seen(9)), ['w review']);
    assert.deepEqual(refusals(world, by, seen(10)), []);
    assert.deepEqual(refusals(world, by, seen(Infinity)), []);
  });
});

describe('naive identity: decisions', () => {
  const apart = [link('a', 'email:ana phone:1'), link('b', 'email:bob phone:2')];
  const merge = linked('m', 20, 'email:ana email:bob');
  const before = 'email:ana phone:1|email:bob phone:2';

  it('merge and unmerge is as if nothing had been said', () => {
    const unmerge = unlinked('u', 21, 'email:bob phone:2', 'email:ana phone:1');
    assert.equal(people([...apart, merge]), 'email:ana email:bob phone:1 phone:2');
    assert.equal(people([...apart, merge, unmerge]), before);
    const { links, refused, decided, undone } = identityOf([...apart, merge, unmerge]);
    assert.deepEqual([links.length, refused, decided], [2, [], []]);
    assert.deepEqual(undone, [{ a: 'email:ana', b: 'email:bob', event: 'm', at: 20 }]);
    const later = [...apart, merge, unmerge, link('c', 'email:bob user:9', 22)];
    assert.equal(people(later), 'email:ana phone:1|email:bob phone:2 user:9');
  });

  it('are read the newest first, at equal time the greatest event id', () => {
    const same = (event: string): World => [...apart, merge, unlinked(event, 20, 'email:bob', 'email:ana')];
    assert.equal(people(same('a')), 'email:ana email:bob phone:1 phone:2');
    assert.equal(people(same('z')), before);
  });

  it('take any of a customer away, and bring them back', () => {
    const world = star('email:ana', 'phone', 4);
    const away = unlinked('u', 20, 'phone:1 phone:3', 'email:ana phone:2 phone:4');
    const whole = 'email:ana phone:1 phone:2 phone:3 phone:4';
    assert.equal(people(world), whole);
    // Nothing but the others joined those two: nobody joins them now.
    assert.equal(people([...world, away]), 'email:ana phone:2 phone:4|phone:1|phone:3');
    assert.deepEqual(refusals([...world, away]), ['star-1 unlinked', 'star-3 unlinked']);
    const back = linked('l', 21, 'phone:1 phone:3 phone:4');
    assert.equal(people([...world, away, back]), whole);
    assert.deepEqual(refusals([...world, away, back]), []);
    const one = linked('l', 21, 'phone:1 phone:4');
    assert.equal(people([...world, away, one]), 'email:ana phone:1 phone:2 phone:4|phone:3');
    assert.deepEqual(identityOf([...world, away, one]).unlinks, [{ event: 'u', parties: ['phone:3'] }]);
  });

  it('hold for those that nothing newer joined with the rest, in however many steps', () => {
    const away = unlinked('u', 20, 'a:1 b:1', 'c:1 d:1');
    const world = [link('1', 'a:1 b:1'), link('2', 'b:1 c:1'), link('3', 'c:1 d:1'), away];
    assert.equal(people(world), 'a:1 b:1|c:1 d:1');
    const steps = [linked('l', 21, 'a:1 x:1'), linked('k', 22, 'x:1 d:1')];
    // a is back; b, which an automatic link has with a, is still apart from c and d.
    assert.equal(people([...world, ...steps]), 'a:1 c:1 d:1 x:1|b:1');
    assert.deepEqual(refusals([...world, ...steps]), ['1 unlinked', '2 unlinked']);
  });

  it('hold together, two unlinks as one', () => {
    const world = [...star('email:ana', 'phone', 3)];
    const first = unlinked('u', 20, 'phone:1', 'email:ana phone:2 phone:3');
    const second = unlinked('v', 21, 'phone:2', 'email:ana phone:3');
    assert.equal(people([...world, first, second]), 'email:ana phone:3|phone:1|phone:2');
    const back = linked('l', 22, 'phone:2 email:ana');
    assert.equal(people([...world, first, second, back]), 'email:ana phone:2 phone:3|phone:1');
    // An older link joins what no newer unlink has on two sides, and of a chain as much as it can.
    const chain = linked('c', 1, 'phone:1 phone:2 phone:3');
    assert.equal(people([...world, first, second, chain]), 'email:ana phone:3|phone:1|phone:2');
    const sides = unlinked('w', 30, 'phone:1 phone:2', 'email:ana phone:3');
    assert.equal(people([...world, sides, chain]), 'email:ana phone:3|phone:1 phone:2');
    assert.deepEqual(
      identityOf([...world, sides, chain]).undone.map(({ b }) => b),
      ['phone:3'],
    );
  });

  it('of the same again change nothing', () => {
    const again = linked('n', 30, 'email:ana email:bob email:ana');
    assert.equal(people([...apart, merge, again]), 'email:ana email:bob phone:1 phone:2');
    assert.equal(identityOf([...apart, merge, again]).decided.length, 2);
    assert.equal(people([linked('l', 1, 'email:ana')]), 'email:ana');
  });
});
