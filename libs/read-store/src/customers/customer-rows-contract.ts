import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ProjectedLog, type Told } from '../projected-log.js';
import type { CustomerRows, EntryRange } from './customer-rows.js';
import { firstKeyAt, GREATEST, LEAST, placeAfter } from './entry-key.js';

/** The rows of a projected log, wherever an adapter has them. */
export interface OpenedRows {
  readonly rows: CustomerRows;
  close(): Promise<void>;
}

const MINUTE = 60_000;
const EVERYTHING = { asOf: Infinity, knownAt: Infinity };
/** More than an adapter asks at once. */
const MANY = 70;

const ANA = 'email:ana@example.org';
const USER = 'user:u1';
const BEN = 'email:ben@example.org';
const OFFICE = 'phone:+442071234567';
const STRANGER = 'email:nobody@example.org';
const EVERYWHERE = 'user:everywhere';

const browser = (index: number): string => `anonymous:browser-${index}`;
const survey = { survey: { metric: 'nps', score: 9 } };

/** In the order of the log: the first has position 1. */
const HISTORY: readonly Told[] = [
  { id: 'hello', at: 1, who: [`${ANA} Ana`] },
  { id: 'order', at: 5, type: 'email.received', who: [USER, `${ANA} Ana Ruiz`, `~${OFFICE}`] },
  { id: 'talk-1', at: 3, object: 'talk', who: [BEN] },
  { id: 'talk-2', at: 4, object: 'talk' },
  { id: 'answer-1', at: 6, type: 'survey.answered', object: 'answer', who: [ANA], data: survey },
  { id: 'answer-2', at: 7, type: 'survey.answered', object: 'answer', who: [ANA], data: survey },
  ...Array.from({ length: MANY }, (_, index): Told => ({
    id: `seen-${index}`,
    at: 100 + ((index * 37) % MANY),
    type: 'web.viewed',
    who: [browser(index), EVERYWHERE],
  })),
];

/**
 * What `CustomerRows` guarantees, row by row. `open` is given a log that is projected and answers its rows as a read
 * that begins now has them.
 */
export function customerRowsContract(title: string, open: (log: ProjectedLog) => Promise<OpenedRows>): void {
  describe(`${title}: the rows of customers`, () => {
    let log: ProjectedLog;
    let opened: OpenedRows;
    let rows: CustomerRows;
    /** Handles, by identifier. */
    const handles = new Map<string, number>();
    const of = (...who: string[]): number[] => who.map((one) => handles.get(one) ?? -1);
    const labelOf = async (who: string): Promise<number> => (await rows.customersOf(of(who)))[0] ?? -1;

    before(async () => {
      log = await ProjectedLog.open();
      await log.tell(...HISTORY);
      await log.append({ id: 'bad', object: 'damaged' }, Buffer.from('{"v":99}'));
      await log.tell({ id: 'waits', at: 9, object: 'damaged', who: [BEN] });
      const known = [
        ANA,
        USER,
        BEN,
        OFFICE,
        EVERYWHERE,
        ...Array.from({ length: MANY }, (_, i) => browser(i)),
      ];
      const found = await log.vault.find(known.map((who) => log.party(who)));
      known.forEach((who, index) => handles.set(who, found[index] ?? -1));
      opened = await open(log);
      rows = opened.rows;
    });
    after(async () => {
      await opened?.close();
      await log.close();
    });

    it('are of everything that is projected', async () => {
      assert.equal(await rows.checkpoint(), HISTORY.length + 2);
    });

    it('tell of a party its customer, and of nobody’s none', async () => {
      const [ana, user, ben, office, nobody] = await rows.customersOf([
        ...of(ANA, USER, BEN, OFFICE),
        987_654,
      ]);
      assert.equal(ana, user);
      assert.ok(ana !== undefined && of(ANA, USER).includes(ana), 'the label is one of its parties');
      assert.deepEqual([ben, office, nobody], [...of(BEN, OFFICE), undefined]);
      assert.deepEqual(await rows.customersOf([]), []);
    });

    it('name a customer’s parties: strength, when first seen, and the latest name', async () => {
      const parties = await rows.parties(await labelOf(ANA));
      const told = parties.map(({ handle, naming: { strength, first, name } }) => [
        ...[handle, strength, first],
        name?.slice(2) ?? null,
      ]);
      const [ana, user] = of(ANA, USER);
      assert.deepEqual(
        new Map(told.map(([handle, ...rest]) => [handle, rest])),
        new Map([
          [ana, [1, 1 * MINUTE, [2, 1]]],
          [user, [0, 5 * MINUTE, null]],
        ]),
      );
      const explained = await rows.explainedParties(await labelOf(ANA));
      const shown = explained.map(({ handle, naming }) => [handle, naming.shown?.position, naming.named]);
      assert.deepEqual(
        new Map(shown.map(([handle, ...rest]) => [handle, rest])),
        new Map([
          [ana, [1, 2]],
          [user, [2, 0]],
        ]),
      );
    });

    it('add up what a customer’s interactions say, with and without what explains it', async () => {
      const label = await labelOf(ANA);
      const parties = await rows.parties(label);
      const plain = await rows.summary(label, parties);
      assert.deepEqual([plain.first, plain.last], [1 * MINUTE, 7 * MINUTE]);
      assert.deepEqual(
        plain.counts,
        new Map([
          ['chat', 1],
          ['email', 1],
          ['survey', 2],
        ]),
      );
      assert.equal(plain.surveys.get('nps')?.count, 1, 'of two versions one stands');
      const explained = await rows.explainedSummary(label);
      assert.deepEqual(
        [explained.first, explained.last, explained.counts],
        [plain.first, plain.last, plain.counts],
      );
    });

    it('add up a customer of many parties, every time the same', async () => {
      const label = await labelOf(EVERYWHERE);
      const parties = await rows.parties(label);
      assert.equal(parties.length, MANY + 1);
      for (let time = 0; time < 2; time++) {
        const summary = await rows.summary(label, parties);
        assert.deepEqual(summary.counts, new Map([['web', MANY]]));
        assert.deepEqual([summary.first, summary.last], [100 * MINUTE, (100 + MANY - 1) * MINUTE]);
      }
      assert.equal(await rows.eventsOf(label), MANY);
    });

    it('know when a customer was last seen; who is only mentioned never was', async () => {
      const labels = await Promise.all([BEN, OFFICE, ANA].map(labelOf));
      assert.deepEqual(await rows.lastSeen(labels), [4 * MINUTE, null, 7 * MINUTE]);
      assert.deepEqual(await rows.lastSeen([]), []);
    });

    it('count the events that stand under parties, and under a customer', async () => {
      assert.deepEqual(await rows.events(of(USER, ANA, BEN, OFFICE)), [1, 3, 2, 0]);
      assert.equal(await rows.eventsOf(await labelOf(ANA)), 4);
    });

    const all: EntryRange = { from: LEAST, to: GREATEST, order: 'asc', limit: 10 };
    const ranges: [title: string, range: Partial<EntryRange>, positions: number[]][] = [
      ['oldest first', {}, [1, 2, 5, 6]],
      ['newest first', { order: 'desc' }, [6, 5, 2, 1]],
      ['the first of them', { limit: 3 }, [1, 2, 5]],
      ['the last of them', { limit: 1, order: 'desc' }, [6]],
      ['from a time, which is in', { from: firstKeyAt(5 * MINUTE) }, [2, 5, 6]],
      ['to a time, which is out', { to: firstKeyAt(5 * MINUTE), order: 'desc' }, [1]],
      ['between two times', { from: firstKeyAt(2 * MINUTE), to: firstKeyAt(7 * MINUTE) }, [2, 5]],
      ['of a type', { type: 'survey.answered', order: 'desc' }, [6, 5]],
      ['of a channel', { channel: 'chat' }, [1]],
      ['of a type and another channel', { type: 'email.received', channel: 'chat' }, []],
      ['of a type that was never met', { type: 'never.met' }, []],
      ['of a channel that was never met', { channel: 'never-met' }, []],
      ['that stand, of some types', { standing: ['survey.answered', 'never.met'] }, [6]],
    ];
    for (const [what, range, positions] of ranges)
      it(`give the entries of all parties of a customer: ${what}`, async () => {
        const found = await rows.entries(await labelOf(ANA), { ...all, ...range });
        assert.deepEqual(
          found.map(({ position }) => position),
          positions,
        );
        for (const { party, position } of found)
          assert.equal(party, position === 2 ? of(USER)[0] : of(ANA)[0], 'each under its own party');
      });

    it('give page after page of a customer of many parties, nothing twice and nothing left out', async () => {
      const label = await labelOf(EVERYWHERE);
      for (const order of ['asc', 'desc'] as const) {
        const times: number[] = [];
        let { from, to } = all;
        for (let page = 0; page * 9 <= MANY; page++) {
          const found = await rows.entries(label, { from, to, order, limit: 9 });
          times.push(...found.map(({ position }) => HISTORY[position - 1]?.at ?? -1));
          const last = found.at(-1);
          assert.ok(last, 'a page is empty');
          if (order === 'asc') from = placeAfter(last.key);
          else to = last.key;
        }
        assert.deepEqual(await rows.entries(label, { from, to, order, limit: 9 }), []);
        const expected = Array.from({ length: MANY }, (_, index) => 100 + index);
        assert.deepEqual(times, order === 'asc' ? expected : expected.reverse());
      }
    });

    it('tell where entries lie, and which interactions have further events', async () => {
      const places = await rows.places(of(USER, BEN), GREATEST);
      assert.deepEqual(places.map(({ position, several }) => [position, several]).sort(), [
        [2, false],
        [3, true],
        [4, true],
      ]);
      assert.deepEqual(await rows.places(of(BEN), firstKeyAt(4 * MINUTE)), [{ position: 3, several: true }]);
    });

    it('tell where parties are named in passing', async () => {
      assert.deepEqual(await rows.mentions(of(ANA, OFFICE, BEN)), [2, 2]);
      assert.equal((await rows.mentions(of(EVERYWHERE))).length, 0, 'it is home of nothing else');
    });

    it('tell what is parked, in the order of the log, and which of some events are', async () => {
      const [bad, waits] = [HISTORY.length + 1, HISTORY.length + 2];
      const parked = await rows.parked();
      assert.deepEqual(
        parked.map(({ position, stream, reason }) => [position, stream, reason !== null]),
        [
          [bad, log.streamOf({ id: 'bad', object: 'damaged' }), true],
          [waits, log.streamOf({ id: 'waits', object: 'damaged' }), false],
        ],
      );
      assert.deepEqual(await rows.parkedOf([1, bad, waits, 9_999]), new Set([bad, waits]));
      assert.deepEqual(await rows.parkedOf([]), new Set());
    });

    it('tell the kinds of parties, and the rules in force', async () => {
      const { identity } = rows;
      assert.deepEqual(await identity.kinds([...of(ANA, USER), 987_654]), ['email', 'user', undefined]);
      assert.equal(await identity.rulesAt(HISTORY.length), undefined);
      assert.deepEqual(await identity.decisionsOf(of(ANA, USER), EVERYTHING), []);
      assert.deepEqual(await identity.reviews(undefined, 10), []);
    });

    it('tell links from each of their ends, as much as is wanted, and no more than was known', async () => {
      const [ana = -1, user = -1] = of(ANA, USER);
      const seen: [number, string, number][] = [];
      await rows.identity.evidence([ana, user], EVERYTHING, (party, link, otherKind) => {
        seen.push([party, otherKind, link.position]);
        return true;
      });
      assert.deepEqual(
        new Map(seen.map(([party, ...rest]) => [party, rest])),
        new Map([
          [ana, ['user', 2]],
          [user, ['email', 2]],
        ]),
      );
      let told = 0;
      await rows.identity.evidence(of(EVERYWHERE), EVERYTHING, () => ++told < 3);
      assert.equal(told, 3);
      await rows.identity.evidence([ana, user], { ...EVERYTHING, knownAt: 1 }, () =>
        assert.fail('not known then'),
      );
      const counting = await rows.identity.counting([ana]);
      assert.deepEqual(
        counting.map(({ a, b, refusal }) => [new Set([a, b]), refusal]),
        [[new Set([ana, user]), undefined]],
      );
    });

    it('tell who was seen with a shared identifier, from both sides', async () => {
      const [user = -1, office = -1] = of(USER, OFFICE);
      assert.deepEqual(await rows.identity.sharedOf([user], EVERYTHING, 5), [office]);
      assert.deepEqual(await rows.identity.membersOf(office, EVERYTHING, 5), [user]);
      assert.deepEqual(await rows.identity.membersOf(office, { ...EVERYTHING, knownAt: 1 }, 5), []);
    });

    it('know nobody by the name of a stranger', async () => {
      assert.deepEqual(await log.vault.find([log.party(STRANGER)]), [undefined]);
    });
  });
}
