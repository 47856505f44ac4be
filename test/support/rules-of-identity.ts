import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { naiveReplay, type NaiveAnswer, type NaiveCustomer } from '@threadline/projections/naive';
import type { Clocks } from '@threadline/read-store/customers/customer-reads';
import { ARRIVAL, NOON, type Sent } from './generate.js';
import { agrees, check, NOW, partiesOf, send, twice, withHubs } from './hub-runs.js';
import { allReads, cardsAndTimelines, factsOf } from './reference.js';
import type { SmallHub } from './small-hub.js';

/**
 * What the design says of identity (rules 4 and 7), as properties of a whole hub: each takes how many histories it tries,
 * and rejects with the first that breaks it.
 */

const HOUR = 3_600_000;

/** The event that is the reason of a refusal, in JSON within JSON. */
const REASON = /\\"because\\": \\"[0-9a-f-]{36}\\",/g;

interface NamedParty {
  readonly kind: string;
  readonly value: string;
}

/** What a person says of these. */
function said(says: 'link' | 'unlink', id: string, at: number, all: NamedParty[], away = all.length): Sent {
  const named = all.map(({ kind, value }) => ({ kind, value }));
  const [parties, rest] = [named.slice(0, away), named.slice(away)];
  const data: JsonObject = { parties, ...(says === 'unlink' && { rest }) };
  const [type, time] = [`identity.${says}ed`, new Date(at).toISOString()];
  return {
    cloudEvent: { specversion: '1.0', id, source: '/crm', type, time, data },
    ...{ at, identifiers: [], decided: { says, parties, rest } },
  };
}

/** What is thought of events before they are sent: as if they were recorded in this order. */
function thought(hub: SmallHub, sent: readonly Sent[]): NaiveAnswer {
  const places = hub.placesOf(sent.map(({ cloudEvent }) => cloudEvent));
  return naiveReplay(factsOf(sent, places, hub.hash), { now: NOW });
}

/**
 * Two customers are made one by a person, and taken apart again. Whatever came before, between and after: every read is
 * byte for byte what it is in a hub that never heard of either (unless by then they are one person anyway, or a link
 * between them waits for just such a word).
 */
export const unmergeIsNever = (runs: number): Promise<void> =>
  check(
    runs,
    fc.tuple(
      twice({ min: 4, max: 18 }),
      fc.tuple(fc.nat(), fc.nat()),
      fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 4 }), fc.nat({ max: 5 })),
      fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: 1, max: 4 })),
    ),
    ([[sent, , pace], [one, other], [early, between, late], [hours, later]]) =>
      withHubs(2, async (hub, never) => {
        const cut = Math.max(1, Math.min(sent.length - between, early + 1 + late));
        const [before, then] = [sent.slice(0, cut), sent.slice(0, cut + between)];
        const { customers } = thought(hub, before);
        const [mine, yours] = [customers[one % customers.length], customers[other % customers.length]];
        fc.pre(mine !== undefined && yours !== undefined && mine !== yours);
        const [p, q] = [mine?.parties[0], yours?.parties[0]];
        assert.ok(p && q);
        const merge = said('link', 'merge', NOON + hours * HOUR, [p, q]);
        const merged = thought(hub, [...then, merge]).customerOf(p.id);
        const apart = new Set([q.id, ...(thought(hub, then).customerOf(q.id)?.ids ?? [])]);
        fc.pre(merged !== undefined && merged.ids.includes(q.id) && !apart.has(p.id));
        const away = merged?.parties.filter(({ id }) => apart.has(id)) ?? [];
        const rest = merged?.parties.filter(({ id }) => !apart.has(id)) ?? [];
        const newest = Math.max(merge.at, ...sent.map(({ at }) => at));
        const unmerge = said(
          'unlink',
          'unmerge',
          (later === 1 ? newest : merge.at) + later,
          [...away, ...rest],
          away.length,
        );
        const [left, right] = [new Set(away.map(({ id }) => id)), new Set(rest.map(({ id }) => id))];
        const isOfBoth = (ids: readonly string[]): boolean =>
          ids.some((id) => left.has(id)) && ids.some((id) => right.has(id));
        const wanted = thought(never, sent);
        const parties = partiesOf(hub, sent);
        fc.pre(!wanted.customers.some(({ ids }) => isOfBoth(ids)));
        const isWaiting = ({ refused }: NaiveCustomer): boolean =>
          refused.some(({ rule }) => rule === 'review');
        fc.pre(![...wanted.customers, ...thought(hub, then).customers].some(isWaiting));
        // Of several unlinks the oldest is the reason: only one that comes last hides behind all others.
        const isLast = sent.every(({ at, decided }) => decided === undefined || at < unmerge.at);
        const readsOf = async (one: SmallHub): Promise<string> => {
          const told = JSON.stringify(await allReads(one.reads, parties), undefined, 1);
          return isLast ? told : told.replaceAll(REASON, '');
        };

        await send(hub, before, pace);
        await send(hub, [merge], pace);
        await agrees(hub, [...before, merge]);
        await send(hub, sent.slice(cut, cut + between), pace);
        await send(hub, [unmerge], pace);
        await send(never, then, pace + 1);
        assert.equal(await readsOf(hub), await readsOf(never));
        await send(hub, sent.slice(cut + between), pace);
        await send(never, sent.slice(cut + between), pace + 1);
        const told = await readsOf(never);
        assert.equal(await readsOf(hub), told);
        await agrees(hub, [...sent.slice(0, cut), merge, ...sent.slice(cut), unmerge]);
        await hub.rebuild();
        assert.equal(await readsOf(hub), told);
        assert.deepStrictEqual(await hub.verify(), []);
      }),
  );

/** Any of a customer's parties are taken away, and brought back: cards and timelines are byte for byte what they were. */
export const awayAndBack = (runs: number): Promise<void> =>
  check(
    runs,
    fc.tuple(twice({ min: 3, max: 20 }), fc.nat(), fc.array(fc.boolean(), { minLength: 3 }), fc.nat()),
    ([[sent, , pace], which, chosen, to]) =>
      withHubs(1, async (hub) => {
        // A firewall weighs what people joined: under one that is so low, what came back is not what was.
        fc.pre(sent.findLast(({ ruled }) => ruled !== undefined)?.ruled?.name !== 'walled');
        const customers = thought(hub, sent).customers.filter(({ ids }) => ids.length > 1);
        const { parties = [] } = customers[which % (customers.length || 1)] ?? {};
        const away = parties.filter((_, index) => chosen[index % chosen.length] === true);
        const rest = parties.filter((party) => !away.includes(party));
        fc.pre(away.length > 0 && rest.length > 0);
        await send(hub, sent, pace);
        const all = partiesOf(hub, sent);
        const before = await cardsAndTimelines(hub.reads, all);
        const at = Math.max(ARRIVAL, ...sent.map((one) => one.at)) + 1;
        const unlink = said('unlink', 'away', at, [...away, ...rest], away.length);
        await send(hub, [unlink], pace);
        await agrees(hub, [...sent, unlink]);
        for (const { id } of away) {
          const card = await hub.reads.card(id, {});
          assert.ok(!rest.some((other) => card?.ids.includes(other.id)), `${id} is still with the rest`);
        }
        const link = said('link', 'back', at + 1, [...away, ...rest.slice(to % rest.length).slice(0, 1)]);
        await send(hub, [link], pace);
        await agrees(hub, [...sent, unlink, link]);
        assert.deepStrictEqual(await cardsAndTimelines(hub.reads, all), before);
        assert.deepStrictEqual(await hub.verify(), []);
      }),
  );

/** So many people are made one, one after the other, and taken apart again, last to first. */
export const chainOfMerges = (merges: number): Promise<void> =>
  check(1, fc.constant(merges), () =>
    withHubs(1, async (hub) => {
      const sent = Array.from({ length: merges + 1 }, (_, index): Sent => {
        const one = { kind: 'email', value: `member-${index}@example.org` };
        const time = new Date(NOON + index).toISOString();
        const data = { identifiers: [one], content: { text: `word ${index}` } };
        return {
          cloudEvent: {
            specversion: '1.0',
            id: `word-${index}`,
            source: '/mail',
            type: 'email.received',
            time,
            data,
          },
          ...{ at: NOON + index, identifiers: [{ ...one, strength: 'claimed' }] },
        };
      });
      const people = sent.flatMap(({ identifiers }) => identifiers);
      const parties = partiesOf(hub, sent);
      await send(hub, sent, 0);
      const before = await allReads(hub.reads, parties);
      const joined: Sent[] = [];
      for (let index = 0; index < merges; index++)
        joined.push(said('link', `merge-${index}`, ARRIVAL + index, people.slice(index, index + 2)));
      await send(hub, joined, 3);
      await agrees(hub, [...sent, ...joined]);
      const [first = ''] = parties;
      assert.equal((await hub.reads.card(first, {}))?.ids.length, merges + 1);
      const parted: Sent[] = [];
      for (let left = merges; left > 0; left--) {
        const all = [...people.slice(left, left + 1), ...people.slice(0, left)];
        parted.push(said('unlink', `unmerge-${left}`, ARRIVAL + 2 * merges - left, all, 1));
      }
      await send(hub, parted, 4);
      assert.deepStrictEqual(await allReads(hub.reads, parties), before);
      await agrees(hub, [...sent, ...joined, ...parted]);
    }),
  );

/** What was answered of a position once is answered for ever, whatever comes, however old, and by whatever rules. */
export const pastStays = (runs: number): Promise<void> =>
  check(runs, fc.tuple(twice({ min: 2, max: 24 }), fc.nat(), fc.nat()), ([[sent, again, pace], cut, known]) =>
    withHubs(1, async (hub) => {
      const first = sent.slice(0, 1 + (cut % (sent.length - 1)));
      await send(hub, first, pace);
      const head = hub.log().length;
      const asOf = first[known % first.length]?.at ?? NOON;
      const clocks: Clocks[] = [{ knownAt: head }, { knownAt: 1 + (known % head) }, { knownAt: head, asOf }];
      const parties = partiesOf(hub, sent);
      const told = async (): Promise<Record<string, string>[]> => {
        const answers: Record<string, string>[] = [];
        for (const clock of clocks) answers.push(await allReads(hub.reads, parties, clock));
        return answers;
      };
      const before = await told();
      await send(hub, sent.slice(first.length), pace);
      assert.deepStrictEqual(await told(), before);
      await send(hub, again, pace);
      await hub.rebuild();
      assert.deepStrictEqual(await told(), before);
      for (const clock of clocks) await agrees(hub, sent, clock);
    }),
  );
