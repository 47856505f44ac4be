import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { naiveReplay } from '@threadline/projections/naive';
import { crowd } from '../support/crowd.js';
import { ARRIVAL } from '../support/generate.js';
import { factsOf } from '../support/reference.js';
import { SmallHub } from '../support/small-hub.js';

const SHOWN = 1_000;

describe('a customer of more parties than a card holds', () => {
  it('shows the thousand that were first seen, counts all, and answers to each', async () => {
    const sent = crowd(1_500);
    const hub = await SmallHub.open(() => ARRIVAL);
    try {
      await hub.post(sent.map(({ cloudEvent }) => cloudEvent));
      await hub.catchUp();
      const reference = naiveReplay(factsOf(sent, hub.places(), hub.hash), { now: ARRIVAL });
      const [customer] = reference.customers;
      assert.ok(customer);
      assert.equal(customer.ids.length, 1_501);
      const { card } = customer;
      assert.equal(card.ids.length, SHOWN);
      assert.deepStrictEqual(card.totals, { ids: 1_501, identifiers: 1_501 });
      for (const id of [customer.ids[0], customer.ids[SHOWN], customer.ids.at(-1)]) {
        assert.deepStrictEqual(await hub.reads.card(id ?? '', {}), card);
        assert.deepStrictEqual(await hub.reads.card(id ?? '', { knownAt: sent.length }), card);
      }
      const ids: string[] = [];
      for (let cursor: string | undefined, more = true; more;) {
        const page = await hub.reads.identity(customer.id, { limit: 200, ...(cursor && { cursor }) }, {});
        ids.push(...(page?.parties.map(({ id }) => id) ?? []));
        cursor = page?.next ?? undefined;
        more = cursor !== undefined;
      }
      assert.deepStrictEqual(ids, customer.ids);
    } finally {
      await hub.close();
    }
  });
});
