import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Card } from '@threadline/projections/card';
import { naiveReplay } from '@threadline/projections/naive';
import { fold, recordedInOrder, testParty } from '../support/folded.js';
import { goldens, sentOf } from '../support/golden.js';
import { SmallHub } from '../support/small-hub.js';

describe('golden streams', () => {
  for (const { name, why, now, events, of, card: expected } of goldens()) {
    it(`${name}: ${why}`, async () => {
      const facts = recordedInOrder(sentOf(events));
      const time = Date.parse(now);
      const customer = naiveReplay(facts, { now: time }).customerOf(testParty(of.kind, of.value));
      assert.ok(customer);
      const picked = (card: Card): Partial<Card> =>
        Object.fromEntries(Object.keys(expected).map((field) => [field, card[field as keyof Card]]));
      assert.deepStrictEqual(picked(customer.card), expected, 'the naive replay');
      assert.deepStrictEqual(picked(fold(facts).card(customer, time)), expected, 'the projections');

      const hub = await SmallHub.open(() => time);
      try {
        await hub.post(events, 'batch');
        await hub.catchUp();
        const card = await hub.reads.cardByIdentifier(of.kind, of.value, {});
        assert.ok(card);
        assert.deepStrictEqual(picked(card), expected, 'the hub');
      } finally {
        await hub.close();
      }
    });
  }
});
