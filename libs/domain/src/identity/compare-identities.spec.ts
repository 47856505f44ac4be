import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareIdentities } from './compare-identities.js';
import type { Link, Party, Refusal } from './identity-links.js';

const link = (a: Party, b: Party): Link => ({ a, b, strength: 1, at: 0, event: `${a}-${b}`, place: 0 });
const LINKS = [link(1, 2), link(2, 3), link(4, 5), link(3, 4), link(6, 7)];
const PARTIES = [1, 2, 3, 4, 5, 6, 7, 8];
const REFUSED: Refusal = { rule: 'review' };

/** Customers by their parties; of the links those that do not join are refused. */
function identity(
  customers: readonly (readonly Party[])[],
  joined: readonly number[],
): Parameters<typeof compareIdentities>[2] {
  const of = new Map(customers.flatMap((parties) => parties.map((party) => [party, parties[0] as Party])));
  return {
    customerOf: (party) => of.get(party) ?? party,
    refused: LINKS.map((_, index) => (joined.includes(index) ? undefined : REFUSED)),
  };
}

const before = identity([[1, 2, 3], [4, 5], [6, 7], [8]], [0, 1, 2, 4]);

describe('customers by other rules', () => {
  it('are the same by the same', () => {
    assert.deepEqual(compareIdentities(PARTIES, LINKS, before, before), {
      ...{ before: 4, after: 4, unchanged: 4 },
      ...{ gained: [], lost: [] },
    });
  });

  it('are gained with the links between what was apart', () => {
    const after = identity([[1, 2, 3, 4, 5], [6, 7], [8]], [0, 1, 2, 3, 4]);
    assert.deepEqual(compareIdentities(PARTIES, LINKS, before, after), {
      ...{ before: 4, after: 3, unchanged: 2 },
      gained: [
        {
          party: 1,
          sides: [
            [1, 2, 3],
            [4, 5],
          ],
          links: [3],
        },
      ],
      lost: [],
    });
  });

  it('are lost with the links between what falls apart; a link within one side is no reason', () => {
    const after = identity([[1, 2], [3], [4, 5], [6], [7], [8]], [0, 2]);
    assert.deepEqual(compareIdentities(PARTIES, LINKS, before, after), {
      ...{ before: 4, after: 6, unchanged: 2 },
      gained: [],
      lost: [
        { party: 1, sides: [[1, 2], [3]], links: [1] },
        { party: 6, sides: [[6], [7]], links: [4] },
      ],
    });
  });

  it('are on both lists where one falls apart and a part of it is joined with another', () => {
    const after = identity([[1, 2], [3, 4, 5], [6, 7], [8]], [0, 2, 3, 4]);
    assert.deepEqual(compareIdentities(PARTIES, LINKS, before, after), {
      ...{ before: 4, after: 4, unchanged: 2 },
      gained: [{ party: 3, sides: [[3], [4, 5]], links: [3] }],
      lost: [{ party: 1, sides: [[1, 2], [3]], links: [1] }],
    });
  });
});
