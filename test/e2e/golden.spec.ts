import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
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

  it('a home that is logged and not folded yet: the event stands where the read model has it', async () => {
    const call = (
      id: string,
      hour: number,
      ...identifiers: { kind: string; value: string }[]
    ): CloudEventJson => ({
      specversion: '1.0',
      id,
      source: '/telephony',
      type: 'call.ended',
      time: `2026-03-02T${hour}:00:00Z`,
      data: { object: 'call-1', identifiers },
    });
    const hub = await SmallHub.open(() => Date.parse('2026-03-02T12:00:00Z'));
    try {
      const transcript = call('transcript', 10);
      await hub.post([transcript, call('second', 11, { kind: 'email', value: 'ana.quixote@example.org' })]);
      await hub.catchUp();
      const { position } = hub.placeOf(transcript);
      const ana = await hub.reads.customerAt(position);
      assert.ok(ana);
      await hub.post([call('first', 10, { kind: 'phone', value: '+442079460018' })]);
      assert.equal(await hub.reads.customerAt(position), ana);
      await hub.catchUp();
      const present = await hub.reads.customerAt(position);
      assert.equal(present, (await hub.reads.cardByIdentifier('phone', '+442079460018', {}))?.id);
    } finally {
      await hub.close();
    }
  });
});
