import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isKnownType } from '@threadline/domain/event-catalogue';
import type { CloudEventJson } from '@threadline/domain/cloud-event';
import { naiveReplay, type NaiveCustomer } from '@threadline/projections/naive';
import { PERSONAL_TEXTS } from './generate-data.js';
import { crowds, NOON, reorderings, type Sent } from './generate.js';
import { agrees, check, NOW, partiesOf, send, twice, withHubs } from './hub-runs.js';
import { PERSONAL_NAMES } from './people.js';
import { allReads, assertSame, factsOf } from './reference.js';
import type { SmallHub } from './small-hub.js';

/**
 * The rules of the design as properties of the rooms that are in it: each takes how many histories it tries, and rejects
 * with the first that breaks it. A broken build loads this file once more, with the rooms that it breaks.
 */

const HOUR = 3_600_000;

/** The same content: members in another order, or with what only says how it came. */
function copyOf(event: CloudEventJson, index: number): CloudEventJson {
  if (index % 3 === 0) return event;
  if (index % 3 === 1) return { ...event, threadlinemode: 'backfill' };
  return Object.fromEntries(Object.entries(event).reverse()) as CloudEventJson;
}

/** Sent again, in any order and at any time, an event changes nothing and answers like the first time; changed, it is refused. */
export const rule2 = (runs: number): Promise<void> =>
  check(runs, twice({ max: 16 }), ([sent, again, pace]) =>
    withHubs(1, async (hub) => {
      await send(hub, sent, pace);
      const [log, reads] = [hub.log(), await allReads(hub.reads, partiesOf(hub, sent))];
      hub.lateness = 60_000;
      const known = await hub.post(again.map(({ cloudEvent }, index) => copyOf(cloudEvent, index)));
      assert.ok(known.status === 202);
      assert.equal(known.taken.accepted, 0);
      assert.equal(known.taken.duplicates, again.length);
      assert.ok(
        Number(known.taken.position) >= Math.max(...again.map((one) => hub.placeOf(one.cloudEvent).position)),
      );

      const others = sent.map(({ cloudEvent }, index): CloudEventJson => {
        const data =
          index % 2 === 0
            ? { ...cloudEvent.data, other: index }
            : { ...cloudEvent.data, object: `other-${index}` };
        return { ...cloudEvent, data };
      });
      for (const other of others) assert.equal((await hub.post([other])).status, 409);
      const refused = await hub.post(others, 'batch');
      assert.ok(refused.status === 400);
      assert.deepEqual(
        refused.rejected.map(({ index, code }) => [index, code]),
        others.map((_, index) => [index, 'conflict']),
      );

      await hub.catchUp();
      assert.deepStrictEqual(hub.log(), log);
      assert.deepStrictEqual(await allReads(hub.reads, partiesOf(hub, sent)), reads);
    }),
  );

/** What was read of the log once is read for ever, whatever comes, and however often the hub is opened. */
export const rule3 = (runs: number): Promise<void> =>
  check(runs, twice({ max: 16 }), ([sent, again, pace]) =>
    withHubs(1, async (hub) => {
      const seen: ReturnType<SmallHub['log']> = [];
      for (const [turn, part] of [sent.slice(0, 5), sent.slice(5), again].entries()) {
        await send(hub, part, pace + turn);
        const log = hub.log();
        assert.deepStrictEqual(log.slice(0, seen.length), seen);
        seen.push(...log.slice(seen.length));
        if (turn === 1) await hub.reopen();
      }
      assert.equal(seen.length, sent.length);
      assert.deepStrictEqual(
        [...seen].sort((a, b) => a.position - b.position || a.recordedAt - b.recordedAt),
        seen,
      );
    }),
  );

/** Two people, each with a history, until an event of yesterday arrives that names both. */
export const rule4 = (runs: number): Promise<void> =>
  check(
    runs,
    fc.tuple(twice({ min: 2, max: 16 }), fc.nat(), fc.nat(), fc.integer({ min: -9, max: 9 })),
    ([[sent, , pace], one, other, hours]) =>
      withHubs(2, async (hub, never) => {
        const named = sent.flatMap(({ identifiers }) => identifiers).filter(({ kind }) => kind !== 'device');
        const [a, b] = [named[one % named.length], named[other % named.length]];
        if (a === undefined || b === undefined) return;
        const identifiers = [a, b].map(({ kind, value }) => ({ kind, value, strength: 'verified' as const }));
        const at = NOON + hours * HOUR;
        const time = new Date(at).toISOString();
        const data = { identifiers: identifiers.map((identifier) => ({ ...identifier })) };
        const merge: Sent = {
          cloudEvent: { specversion: '1.0', id: 'merge', source: '/crm', type: 'note.written', time, data },
          at,
          identifiers,
        };
        await send(hub, sent, pace);
        const before = naiveReplay(factsOf(sent, hub.places(), hub.hash), { now: NOW });
        await send(hub, [merge], 0);
        await agrees(hub, [...sent, merge]);
        // Every id that a customer ever had answers, with the customer that its party is in now.
        for (const customer of before.customers) {
          assert.ok((await hub.reads.card(customer.id, {}))?.ids.includes(customer.id));
        }
        await send(never, [merge, ...sent], pace);
        const parties = partiesOf(hub, [...sent, merge]);
        assert.deepStrictEqual(await allReads(hub.reads, parties), await allReads(never.reads, parties));
      }),
  );

/** The same events, shuffled and doubled, give the same: here, there, and in the naive replay. */
export const rule5 = (runs: number): Promise<void> =>
  check(runs, twice({ max: 30 }), ([sent, again, pace]) =>
    withHubs(2, async (hub, other) => {
      await send(hub, sent, pace);
      await agrees(hub, sent);
      await send(other, again, pace + 1);
      await agrees(other, again);
      const parties = partiesOf(hub, sent);
      assert.deepStrictEqual(await allReads(other.reads, parties), await allReads(hub.reads, parties));
    }),
  );

/** The same for a customer of so many parties that the read model keeps what they add up to: read while it changes. */
export const rule5OfCrowds = (runs: number): Promise<void> =>
  check(
    runs,
    crowds.chain((sent) => fc.tuple(reorderings(sent), fc.nat({ max: 14 }))),
    ([sent, pace]) =>
      withHubs(1, async (hub) => {
        const half = sent.slice(0, -8);
        await send(hub, half, pace);
        await agrees(hub, half);
        await send(hub, sent.slice(-8), pace + 1);
        await agrees(hub, sent);
        await hub.rebuild();
        await agrees(hub, sent);
        await agrees(hub, sent, { knownAt: half.length >> 1 });
        assert.deepStrictEqual(await hub.verify(), []);
      }),
  );

/** Folded one by one, in batches, all at once, in a rebuild, or half of it in a rebuild: the same. */
export const rule6 = (runs: number): Promise<void> =>
  check(runs, twice({ max: 20 }), ([sent, , pace]) =>
    withHubs(2, async (hub, atOnce) => {
      const half = sent.length >> 1;
      for (const [index, { cloudEvent }] of sent.entries()) {
        await hub.post([cloudEvent]);
        await hub.catchUp();
        if (index === half) await hub.rebuild();
      }
      for (const { cloudEvent } of sent) await atOnce.post([cloudEvent]);
      await atOnce.catchUp(1 + pace);
      const parties = partiesOf(hub, sent);
      const reads = await allReads(hub.reads, parties);
      assert.deepStrictEqual(await allReads(atOnce.reads, parties), reads);
      await hub.rebuild();
      assert.deepStrictEqual(await allReads(hub.reads, parties), reads);
      for (const one of [hub, atOnce]) assert.deepStrictEqual(await one.verify(), []);
    }),
  );

/** `threadline verify` has nothing to say of read models that are what the log says. */
export const ruleOfVerify = (runs: number): Promise<void> =>
  check(runs, twice({ max: 24 }), ([, again, pace]) =>
    withHubs(1, async (hub) => {
      await send(hub, again, pace);
      assert.deepStrictEqual(await hub.verify(), []);
    }),
  );

/** Asked of a time, of a position, or of both, and while the projector is behind: what a hub answers that holds no more. */
export const rule7 = (runs: number): Promise<void> =>
  check(runs, twice({ max: 20 }), ([sent, again, pace]) =>
    withHubs(1, async (hub) => {
      await send(hub, again, pace);
      const head = hub.log().length;
      const times = [...new Set(again.map(({ at }) => at))].sort((a, b) => a - b);
      const asOf = times[pace % times.length] ?? NOON;
      const knownAt = 1 + (pace % head);
      for (const clocks of [
        { asOf },
        { knownAt },
        { asOf, knownAt },
        { asOf: asOf - 1 },
        { knownAt: head },
      ]) {
        await agrees(hub, again, clocks);
      }
      await withHubs(1, async (behind) => {
        await behind.post(
          sent.map(({ cloudEvent }) => cloudEvent),
          'batch',
        );
        await behind.catchUp(1 + pace, 1);
        const facts = factsOf(sent, behind.places(), behind.hash);
        const known = { knownAt: behind.checkpoint };
        for (const clocks of [{}, { asOf }, { knownAt: facts.length }]) {
          const reference = naiveReplay(facts, { ...clocks, ...known, now: NOW });
          await assertSame(behind.reads, reference, clocks, partiesOf(behind, sent));
        }
      });
    }),
  );

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

/** Nothing that a person could be known by lies in clear in any file of the folder but the search index. */
export const rule9 = (runs: number): Promise<void> =>
  check(runs, twice({ min: 4, max: 24 }), ([sent, , pace]) =>
    withHubs(1, async (hub) => {
      await send(hub, sent, pace);
      const told = JSON.stringify(sent);
      const personal = [...PERSONAL_NAMES, ...PERSONAL_TEXTS].filter((text) =>
        told.includes(JSON.stringify(text).slice(1, -1)),
      );
      await hub.reopen();
      for (const [file, content] of hub.files()) {
        if (file.startsWith('search.db')) continue;
        for (const text of personal) {
          assert.ok(!content.includes(bytes(text)), `${JSON.stringify(text)} lies in ${file}`);
          assert.ok(
            !content.includes(bytes(JSON.stringify(text).slice(1, -1))),
            `${JSON.stringify(text)} lies in ${file}`,
          );
        }
      }
    }),
  );

/** Of a blocked value nobody can tell any more that it is one, once its key is gone: a rebuild would let it link. */
const isToldWhole = ({ refused }: NaiveCustomer): boolean =>
  !refused.some(({ rule }) => rule === 'blocked-value');

/**
 * A customer whose keys are destroyed is gone from every read, also after a rebuild and after everything was sent again;
 * everybody else is told what they were told before.
 */
export const rule9OfTheForgotten = (runs: number): Promise<void> =>
  check(runs, fc.tuple(twice({ min: 4, max: 24 }), fc.nat()), ([[sent, again, pace], which]) =>
    withHubs(1, async (hub) => {
      await send(hub, sent, pace);
      const { customers } = naiveReplay(factsOf(sent, hub.places(), hub.hash), { now: NOW });
      const gone = customers[which % (customers.length || 1)];
      if (gone === undefined) return;
      fc.pre(isToldWhole(gone));
      const left = customers.filter((customer) => customer !== gone).flatMap(({ ids }) => ids);
      // Where somebody else's event names the forgotten (a shared telephone), that name goes there as well.
      const before = await cardsOf(hub, left);
      for (const party of gone.ids) assert.equal(await hub.forget(party), true);

      const isForgotten = async (): Promise<void> => {
        for (const party of gone.ids) {
          assert.equal(await hub.reads.card(party, {}), undefined);
          assert.equal(await hub.reads.timeline(party, { limit: 200, order: 'desc' }, {}), undefined);
          assert.equal(await hub.reads.identity(party, { limit: 200 }, {}), undefined);
        }
        assert.deepStrictEqual(await cardsOf(hub, left), before);
      };
      await isForgotten();
      await hub.rebuild();
      await isForgotten();
      await send(hub, again, pace);
      await isForgotten();
      await hub.reopen();
      await isForgotten();
    }),
  );

async function cardsOf(hub: SmallHub, ids: readonly string[]): Promise<string[]> {
  const cards: string[] = [];
  for (const id of ids) {
    cards.push(JSON.stringify(await hub.reads.card(id, {})));
    // Whatever is forgotten of a timeline or of an identity, reading it is never an error.
    assert.ok(await hub.reads.timeline(id, { limit: 200, order: 'desc' }, {}));
    assert.ok(await hub.reads.identity(id, { limit: 200 }, {}));
  }
  return cards;
}

/** One party of a customer is forgotten: what stood under it says no more than that it happened, and nothing breaks. */
export const rule9OfOneParty = (runs: number): Promise<void> =>
  check(runs, fc.tuple(twice({ min: 4, max: 16 }), fc.nat()), ([[sent, , pace], which]) =>
    withHubs(1, async (hub) => {
      await send(hub, sent, pace);
      const { customers } = naiveReplay(factsOf(sent, hub.places(), hub.hash), { now: NOW });
      const parties = customers.flatMap((customer) => customer.parties.map((party) => ({ customer, party })));
      const chosen = parties[which % (parties.length || 1)];
      if (chosen === undefined) return;
      const { customer, party } = chosen;
      fc.pre(isToldWhole(customer));
      const others = customer.ids.filter((id) => id !== party.id);
      assert.equal(await hub.forget(party.id), true);

      const told = await allReads(hub.reads, others);
      for (const id of others) {
        const page = await hub.reads.timeline(id, { limit: 200, order: 'desc' }, {});
        assert.deepEqual(
          page?.entries.map(({ event }) => event),
          customer.timeline.map(({ event }) => event),
        );
        const under = new Set(
          party.rows.filter(({ fact }) => fact.data.identifiers?.length).map(({ event }) => event),
        );
        for (const entry of page?.entries.filter(({ event }) => under.has(event)) ?? []) {
          assert.equal(entry.forgotten, true);
          assert.deepEqual(
            [entry.id, entry.summary, entry.content, entry.extra],
            [null, null, undefined, undefined],
          );
        }
        assert.ok(!JSON.stringify(await hub.reads.card(id, {})).includes(JSON.stringify(party.value)));
      }
      // A type that is not in the catalogue is sealed wholly: of a forgotten one not even its channel is left to fold again.
      if (!party.rows.every(({ fact }) => isKnownType(fact.type))) return;
      await hub.rebuild();
      assert.deepStrictEqual(await allReads(hub.reads, others), told);
    }),
  );
