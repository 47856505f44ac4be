import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Followed, resolved } from './identity-graphs.js';
import {
  firstSeen,
  naiveOf,
  reordered,
  rules,
  rulesWithoutFirewall,
  told,
  worlds,
  type Decided,
  type Step,
  type Told,
} from './identity-worlds.js';

/**
 * What is claimed of identity, as properties of the reference, and of the product held against it: each takes how many
 * worlds it tries, and throws with the first that breaks it.
 */

function check<T>(runs: number, values: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(values, property), { numRuns: runs });
}

/** After everything else that people said. */
const LATER = 100;

const decision = (
  event: string,
  at: number,
  type: 'link' | 'unlink',
  parties: readonly string[],
  rest: readonly string[] = [],
): Decided => ({ is: 'decision', event, at, type, parties, rest });

/** The same set, however it came. */
export const anyOrder = (runs: number): void =>
  check(
    runs,
    fc.tuple(
      worlds().chain((steps) => fc.tuple(fc.constant(steps), reordered(steps))),
      rules,
    ),
    ([[steps, again], by]) => assert.deepStrictEqual(told(again, by), told(steps, by)),
  );

const membersOf = (steps: readonly Step[], by: Parameters<typeof told>[1], party: string): string[] =>
  naiveOf(steps, by)
    .membersOf(party)
    .map(({ id }) => id);

/**
 * Two customers are made one and taken apart again: in the end, whatever came before, between and after, everybody is
 * where they would be if nothing had been said (unless by then they are one person anyway, had nobody taken them apart).
 */
export const mergeAndUnmerge = (runs: number): void =>
  check(
    runs,
    fc.tuple(
      worlds({ max: 12, prefix: 'a' }),
      worlds({ max: 4, prefix: 'b' }),
      worlds({ max: 6, prefix: 'c' }),
      fc.tuple(fc.nat(), fc.nat()),
      fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 6 }), fc.boolean()),
      rules,
    ),
    ([before, between, after, [one, other], [from, late, quietly], by]) => {
      const names = [...firstSeen(before).keys()];
      const [p = '', q = ''] = [names[one % names.length], names[other % names.length]];
      const then = quietly ? before : [...before, ...between];
      const merge = decision('merge', from, 'link', [p, q]);
      const merged = membersOf([...then, merge], by, p);
      const apart = new Set(membersOf(then, by, q));
      fc.pre(!apart.has(p) && merged.includes(q));
      const unmerge = decision(
        'unmerge',
        from + late + (late === 0 ? 1 : 0),
        'unlink',
        merged.filter((party) => apart.has(party)),
        merged.filter((party) => !apart.has(party)),
      );
      const never = [...then, ...after];
      const { customers } = told(never, by);
      const isSplit = (customer: string): boolean =>
        !customer.split(' ').some((party) => unmerge.parties.includes(party)) ||
        !customer.split(' ').some((party) => unmerge.rest.includes(party));
      fc.pre(customers.every(isSplit));
      const [found, wanted] = [told([...then, merge, unmerge, ...after], by), told(never, by)];
      assert.deepStrictEqual(found.customers, wanted.customers);
      assertAsBefore(found.links, wanted.links);
      assert.deepStrictEqual(found.undone, [...wanted.undone, `${p} ${q} merge`].sort());
      assert.equal(found.unlinks.length, wanted.unlinks.length + 1);
    },
  );

/** What waited for a person's word has it by an unlink: all else is told as if nothing had been said. */
function assertAsBefore(found: readonly string[], wanted: readonly string[]): void {
  const isDecided = (link: string, index: number): boolean =>
    link.endsWith(' review') && found[index] === link.replace(/review$/, 'unlinked');
  assert.deepStrictEqual(
    found,
    wanted.map((link, index) => (isDecided(link, index) ? found[index] : link)),
  );
}

/** Without the rule that refuses: a decision that is taken first can be refused by another one. */
const held = ({ customers, links }: Told): object => ({
  customers,
  links: links.map((link) => link.split(' ')).map(([a, b, event, rule]) => [a, b, event, rule === undefined]),
});

/** Any of a customer's parties are taken away, and brought back. */
export const awayAndBack = (runs: number): void =>
  check(
    runs,
    fc.tuple(worlds(), fc.nat(), fc.array(fc.boolean()), fc.nat(), rulesWithoutFirewall),
    ([steps, which, chosen, to, by]) => {
      const names = [...firstSeen(steps).keys()];
      const members = membersOf(steps, by, names[which % names.length] ?? '');
      const away = members.filter((_, index) => chosen[index % (chosen.length || 1)] ?? index === 0);
      const rest = members.filter((party) => !away.includes(party));
      fc.pre(away.length > 0 && rest.length > 0);
      const gone = [...steps, decision('away', LATER, 'unlink', away, rest)];
      for (const party of away) {
        const still = membersOf(gone, by, party);
        assert.ok(!rest.some((other) => still.includes(other)), `${party} is still with the rest`);
      }
      const back = decision('back', LATER + 1, 'link', [...away, rest[to % rest.length] ?? '']);
      assert.deepStrictEqual(held(told([...gone, back], by)), held(told(steps, by)));
    },
  );

/** A hundred merges in a row, taken back in any order: at each turn as if only the others had been said. */
export const chains = (runs: number): void =>
  check(
    runs,
    fc.tuple(
      fc.shuffledSubarray(
        Array.from({ length: 100 }, (_, index) => index),
        { minLength: 100 },
      ),
      fc.shuffledSubarray(
        Array.from({ length: 100 }, (_, index) => index),
        { minLength: 100 },
      ),
    ),
    ([said, taken]) => {
      const name = (index: number): string => `email:m${index}`;
      const merges = said.map((index, turn) =>
        decision(`m${turn}`, turn, 'link', [name(index), name(index + 1)]),
      );
      const [by] = fc.sample(rules, { numRuns: 1, seed: 1 });
      assert.ok(by);
      const all: Step[] = [...merges];
      const gone = new Set<number>();
      for (const [turn, index] of taken.entries()) {
        const members = membersOf(all, by, name(index)).map((party) => Number(party.slice('email:m'.length)));
        const right = members.filter((member) => member > index);
        all.push(
          decision(
            `u${turn}`,
            LATER + turn,
            'unlink',
            right.map(name),
            members.filter((member) => member <= index).map(name),
          ),
        );
        gone.add(index);
        if (turn % 20 !== 0 && turn !== taken.length - 1) continue;
        const left = merges.filter((_, place) => !gone.has(said[place] ?? -1));
        const { customers } = told(all, by);
        const wanted: string[] = told(left, by).customers;
        const alone = customers.filter((one) => !one.includes(' '));
        assert.deepStrictEqual(
          customers.filter((one) => one.includes(' ')),
          wanted,
        );
        assert.equal(alone.length + wanted.flatMap((one) => one.split(' ')).length, 101);
      }
    },
  );

/** The product, from scratch, makes of any world what the reference makes of it. */
export const resolvedAgrees = (runs: number): void =>
  check(runs, fc.tuple(worlds(), rules), ([steps, by]) =>
    assert.deepStrictEqual(resolved(steps, by), told(steps, by)),
  );

/** And so it does step by step, after each, whatever comes twice or late, and when other rules are applied in between. */
export const followedAgrees = (runs: number): void =>
  check(
    runs,
    fc.tuple(
      worlds().chain(reordered),
      fc.array(fc.tuple(fc.nat({ max: 30 }), rules), { maxLength: 3 }),
      rules,
    ),
    ([steps, changes, by]) => {
      const followed = new Followed(by);
      let now = by;
      for (const [index, step] of steps.entries()) {
        for (const [when, next] of changes) if (when === index) followed.apply((now = next));
        followed.take(step);
        const { customers, links } = told(steps.slice(0, index + 1), now);
        assert.deepStrictEqual(followed.told(), { customers, links }, `after step ${index + 1}`);
      }
    },
  );
