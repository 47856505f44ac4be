import assert from 'node:assert/strict';
import fc from 'fast-check';
import { naiveReplay } from '@threadline/projections/naive';
import type { Clocks } from '@threadline/read-store/customers/customer-reads';
import { crowds, NOON, reorderings, type Sent } from './generate.js';
import { assertExplained, factsOf } from './reference.js';
import { check, NOW, send, twice, withHubs } from './hub-runs.js';
import type { SmallHub } from './small-hub.js';

async function agrees(hub: SmallHub, sent: readonly Sent[], clocks: Clocks = {}): Promise<void> {
  const reference = naiveReplay(factsOf(sent, hub.places(), hub.hash), { ...clocks, now: NOW });
  await assertExplained(hub.reads, reference, clocks);
}

/** Each value names its event and what it overruled: now, after a rebuild, and under both clocks, as the naive replay does. */
export const rule10 = (runs: number): Promise<void> =>
  check(runs, twice({ max: 40 }), ([sent, again, pace]) =>
    withHubs(1, async (hub) => {
      await send(hub, again, pace);
      await agrees(hub, sent);
      const times = [...new Set(sent.map(({ at }) => at))].sort((a, b) => a - b);
      const asOf = times[pace % times.length] ?? NOON;
      const knownAt = 1 + (pace % hub.log().length);
      for (const clocks of [{ asOf }, { knownAt }, { asOf, knownAt }]) await agrees(hub, again, clocks);
      await hub.rebuild();
      await agrees(hub, sent);
    }),
  );

/** The same for a customer of many parties. */
export const rule10OfCrowds = (runs: number): Promise<void> =>
  check(
    runs,
    crowds.chain((sent) => fc.tuple(reorderings(sent), fc.nat({ max: 14 }))),
    ([sent, pace]) =>
      withHubs(1, async (hub) => {
        await send(hub, sent, pace);
        await agrees(hub, sent);
        await agrees(hub, sent, { knownAt: sent.length >> 1 });
      }),
  );

/** Where a key is gone the explanation says so: it names the same events, and nothing of what they said. */
export const rule10OfTheForgotten = (runs: number): Promise<void> =>
  check(runs, fc.tuple(twice({ min: 4, max: 24 }), fc.nat()), ([[sent, , pace], which]) =>
    withHubs(1, async (hub) => {
      await send(hub, sent, pace);
      const { customers } = naiveReplay(factsOf(sent, hub.places(), hub.hash), { now: NOW });
      const all = customers.flatMap((customer) => customer.parties.map((party) => ({ customer, party })));
      const chosen = all[which % (all.length || 1)];
      if (chosen === undefined) return;
      const { customer, party } = chosen;
      const gone = party.id;
      assert.equal(await hub.forget(gone), true);

      const sealed = new Set(
        party.rows.filter(({ fact }) => fact.data.identifiers?.length).map(({ event }) => event),
      );
      for (const id of customer.ids.filter((other) => other !== gone)) {
        const told = await hub.reads.explainedCard(id, {});
        assert.deepStrictEqual(
          await hub.reads.card(id, {}),
          told && Object.fromEntries(Object.entries(told).filter(([member]) => member !== 'explain')),
        );
        assert.ok(!JSON.stringify(told).includes(JSON.stringify(party.value)));
        for (const source of sourcesIn(told?.explain)) {
          if (!sealed.has(source['event'] as string)) continue;
          assert.deepStrictEqual([source['id'], source['forgotten']], [null, true]);
        }
      }
    }),
  );

/** Whatever names an event, wherever in the explanation. */
function sourcesIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(sourcesIn);
  return 'event' in value && 'id' in value ? [value, ...inside] : inside;
}
