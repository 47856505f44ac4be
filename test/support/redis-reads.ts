import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Clocks, CustomerReads, TimelineQuery } from '@threadline/read-store/customers/customer-reads';
import { PATIENCE, RedisDriver, type Argument, type Script } from '@threadline/read-store/redis/driver';
import { FencedError } from '@threadline/read-store/redis/errors';
import { RedisCustomerReads } from '@threadline/read-store/redis/redis-customer-reads';
import { modelName, RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import { APPLY } from '@threadline/read-store/redis/scripts';
import { liveMoment } from '@threadline/read-store/redis/session';
import { crowds, histories, NOON, type Sent } from './generate.js';
import { check, partiesOf, withHubs } from './hub-runs.js';
import type { SmallHub } from './small-hub.js';

/**
 * What a Redis answers, held against the embedded read models that it was filled from: each takes how many histories it
 * tries and where the Redis is, and rejects with the first that breaks it.
 */

/** A hub whose read model is also in a Redis, under a name of its own. */
export class Published {
  private constructor(
    readonly hub: SmallHub,
    readonly url: string,
    readonly name: string,
    readonly publisher: RedisPublisher,
    public reads: RedisCustomerReads,
  ) {}

  static async open(hub: SmallHub, url: string, lookEvery?: number): Promise<Published> {
    const name = `test-${randomBytes(6).toString('hex')}`;
    const publisher = await RedisPublisher.open({
      url,
      name,
      token: 1,
      ...(lookEvery !== undefined && { lookEvery }),
    });
    hub.afterBatch = (copy) => publisher.publish(copy);
    return new Published(hub, url, name, publisher, await readsOf(hub, url, name));
  }

  /** As after a restart of everything but the Redis. */
  async reopen(): Promise<void> {
    this.reads.close();
    await this.hub.reopen();
    this.reads = await readsOf(this.hub, this.url, this.name);
  }

  /** Which build is live. */
  async build(): Promise<string | undefined> {
    return this.withDriver(async (driver) => (await liveMoment(driver, modelName(this.name)))?.build);
  }

  async withDriver<T>(work: (driver: RedisDriver) => Promise<T>): Promise<T> {
    const driver = await RedisDriver.connect(this.url, PATIENCE);
    try {
      return await work(driver);
    } finally {
      driver.close();
    }
  }

  /** As if the keys of this name were never written, of those that begin so. */
  lose(rest: string): Promise<void> {
    return this.withDriver((driver) => driver.remove(`${modelName(this.name)}:${rest}`, () => false));
  }

  async close(): Promise<void> {
    this.reads.close();
    this.publisher.close();
    await this.lose('');
  }
}

function readsOf(hub: SmallHub, url: string, name: string): Promise<RedisCustomerReads> {
  const { log, vault, words, now } = hub.beside();
  const reached = (): Promise<void> => Promise.resolve();
  return RedisCustomerReads.open({ url, name, log, vault, words, now, reached });
}

export async function withPublished(
  url: string,
  work: (published: Published) => Promise<void>,
  lookEvery?: number,
): Promise<void> {
  await withHubs(1, async (hub) => {
    const published = await Published.open(hub, url, lookEvery);
    try {
      await work(published);
    } finally {
      await published.close();
    }
  });
}

/** Histories with decisions and rules; now and then a customer of many parties. The number says how many a batch. */
export const published: fc.Arbitrary<[Sent[], number]> = fc.tuple(
  fc.oneof(
    { weight: 12, arbitrary: histories({ min: 4, max: 20, decided: true }) },
    { weight: 1, arbitrary: crowds },
  ),
  fc.constantFrom(1, 1, 2, 3, 500),
);

/** Sends it all, and folds and publishes so many events at a time. */
export async function send({ hub }: Published, sent: readonly Sent[], batch: number): Promise<void> {
  for (let from = 0; from < sent.length; from += 50) {
    const some = sent.slice(from, from + 50).map(({ cloudEvent }) => cloudEvent);
    assert.equal((await hub.post(some, 'batch')).status, 202);
  }
  await hub.catchUp(sent.length > 30 ? 500 : batch);
}

/** Of a crowd a few stand for all. */
export const someOf = (hub: SmallHub, sent: readonly Sent[]): string[] =>
  [...partiesOf(hub, sent)].sort().slice(0, 12);

/** Every answer on these parties, as text: what two row sources must agree on byte by byte. */
async function answers(
  reads: CustomerReads,
  hub: SmallHub,
  sent: readonly Sent[],
  clocks: Clocks,
): Promise<string[]> {
  const told: string[] = [];
  const tell = (what: string, answer: unknown): void => void told.push(`${what} ${JSON.stringify(answer)}`);
  const parties = someOf(hub, sent);
  for (const party of parties) {
    tell(`card ${party}`, await reads.card(party, clocks));
    tell(`explained ${party}`, await reads.explainedCard(party, clocks));
    for (const query of QUERIES) {
      let cursor: string | undefined;
      do {
        const page = await reads.timeline(party, { ...query, ...(cursor && { cursor }) }, clocks);
        tell(`timeline ${party} ${JSON.stringify(query)}`, page);
        cursor = page?.next ?? undefined;
      } while (cursor !== undefined);
    }
    for (const explain of [false, true]) {
      let cursor: string | undefined;
      do {
        const page = await reads.identity(party, { limit: 2, explain, ...(cursor && { cursor }) }, clocks);
        tell(`identity ${party}`, page);
        cursor = page?.next ?? undefined;
      } while (cursor !== undefined);
    }
  }
  if (clocks.asOf !== undefined || clocks.knownAt !== undefined) return told;
  tell('position', await reads.position());
  tell('parked', await reads.parked());
  tell('reviews', await reads.reviews({ limit: 1 }));
  tell('reviews', await reads.reviews({ limit: 100 }));
  for (const party of parties) {
    tell(`customer ${party}`, await reads.customerOf(party));
    // A number of the store's own that is good for comparing only.
    const { customers, rest } = await reads.sides([party, ...parties.slice(0, 2)]);
    tell(`sides ${party}`, [customers.map((one) => customers.indexOf(one)), rest]);
  }
  for (const { position } of hub.log()) tell(`at ${position}`, await reads.customerAt(position));
  for (const q of ['', 'coat', '30', 'a']) {
    let cursor: string | undefined;
    do {
      const page = await reads.search({ q, limit: 3, ...(cursor && { cursor }) });
      tell(`search ${q}`, page);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }
  return told;
}

const HOUR = 3_600_000;
const QUERIES: readonly TimelineQuery[] = [
  { limit: 3, order: 'desc' },
  { limit: 200, order: 'asc' },
  { limit: 2, order: 'asc', channel: 'store' },
  { limit: 1, order: 'desc', type: 'chat.message' },
  { limit: 5, order: 'desc', channel: 'email', type: 'email.received' },
  { limit: 4, order: 'desc', from: NOON - HOUR, to: NOON + HOUR },
  { limit: 4, order: 'asc', q: 'coat' },
];

export async function same(one: Published, sent: readonly Sent[], clocks: Clocks): Promise<void> {
  const embedded = await answers(one.hub.reads, one.hub, sent, clocks);
  let told: string[] = [];
  // Who refuses to answer does not answer the same.
  await assert.doesNotReject(async () => (told = await answers(one.reads, one.hub, sent, clocks)));
  assert.deepStrictEqual(told, embedded);
}

/** Whatever happened: every read, live and at both clocks, is byte for byte the same. */
export const sameAnswers = (runs: number, url: string): Promise<void> =>
  check(
    runs,
    fc.tuple(published, fc.nat(), fc.integer({ min: -2, max: 2 })),
    ([[sent, pace], known, hours]) =>
      withPublished(url, async (one) => {
        await send(one, sent, pace);
        await same(one, sent, {});
        const knownAt = 1 + (known % one.hub.log().length);
        const asOf = NOON + hours * HOUR;
        await same(one, sent, known % 2 === 0 ? { knownAt } : { asOf });
        await same(one, sent, { knownAt, asOf });
      }),
  );

type RunScript = (
  this: RedisDriver,
  which: Script,
  keys: readonly string[],
  args: readonly Argument[],
) => Promise<unknown>;

/** The scripts that write, as they are called in this module's build. */
export async function watched<T>(
  onApply: (
    call: () => Promise<unknown>,
    keys: readonly string[],
    args: readonly Argument[],
  ) => Promise<unknown>,
  work: () => Promise<T>,
): Promise<T> {
  const script: RunScript = Reflect.get(RedisDriver.prototype, 'script');
  RedisDriver.prototype.script = function (
    this: RedisDriver,
    which: Script,
    keys: readonly string[],
    args: readonly Argument[],
  ) {
    const call = (): Promise<unknown> => script.call(this, which, keys, args);
    return which === APPLY ? onApply(call, keys, args) : call();
  };
  try {
    return await work();
  } finally {
    RedisDriver.prototype.script = script;
  }
}

/** Writes that come again, late and in any order, change nothing. */
export const lateWrites = (runs: number, url: string): Promise<void> =>
  check(runs, fc.tuple(published, fc.nat()), ([[sent, pace], turn]) =>
    withPublished(url, async (one) => {
      const calls: [keys: readonly string[], args: readonly Argument[]][] = [];
      await watched(
        (call, keys, args) => {
          calls.push([keys, args]);
          return call();
        },
        () => send(one, sent, pace),
      );
      const build = await one.build();
      const late = calls.filter(([keys]) => keys.every((key) => key.includes(`:${build}:`)));
      await one.withDriver(async (driver) => {
        for (let i = 0; i < late.length; i++) {
          const [keys, args] = late[(turn + i * 7) % late.length] ?? [];
          if (keys && args) await driver.script(APPLY, keys, args);
        }
      });
      await same(one, sent, {});
    }),
  );

/** Whoever reads while a batch is being written sees what was before it, or what is after it. */
export const noHalves = (runs: number, url: string): Promise<void> =>
  check(runs, published, ([sent, pace]) =>
    withPublished(url, async (one) => {
      const [before, rest] = [
        sent.slice(0, Math.ceil(sent.length / 2)),
        sent.slice(Math.ceil(sent.length / 2)),
      ];
      await send(one, before, pace);
      const parties = someOf(one.hub, sent);
      const card = async (party: string): Promise<string> =>
        JSON.stringify([await one.reads.card(party, {})]);
      const was = new Map<string, string>();
      for (const party of parties) was.set(party, await card(party));
      const met: [party: string, answer: Promise<string | Error>][] = [];
      let turn: Promise<unknown> = Promise.resolve();
      await watched(
        (call) => {
          const written = turn.then(call);
          turn = written.then(async () => {
            for (const party of parties) met.push([party, settled(card(party))]);
            // As many round trips as a card takes: by then it has seen what is half written.
            for (let i = 0; i < 4; i++) await one.reads.position();
          });
          // What is answered is told once the reads are under way.
          return turn.then(() => written);
        },
        () => publishAtOnce(one, rest),
      );
      const is = new Map<string, string>();
      for (const party of parties) is.set(party, await card(party));
      for (const [party, answer] of met) {
        const told = await answer;
        // Who reads all the while may be told to come again.
        if (told instanceof Error && (told as { code?: string }).code === 'read-store-restless') continue;
        assert.ok(told === was.get(party) || told === is.get(party), `of ${party} half was told: ${told}`);
      }
    }),
  );

/** What it comes to, an error as well: nobody waits for it yet. */
const settled = (answer: Promise<string>): Promise<string | Error> =>
  answer.catch((error: unknown) => error as Error);

/** Sends it all, and publishes it as one batch. */
async function publishAtOnce(one: Published, sent: readonly Sent[]): Promise<void> {
  const { hub } = one;
  const { afterBatch } = hub;
  hub.afterBatch = () => Promise.resolve();
  if (sent.length > 0) await send(one, sent, 500);
  hub.afterBatch = afterBatch;
  await hub.nudge();
}

/** A Redis that lost a part, or all, says that it does not know; and has everything again soon after. */
export const lostKeys = (runs: number, url: string): Promise<void> =>
  check(runs, fc.tuple(published, fc.nat({ max: 64 })), ([[sent, pace], part]) =>
    withPublished(
      url,
      async (one) => {
        await send(one, sent, pace);
        const embedded = new Map<string, unknown>();
        const parties = someOf(one.hub, sent);
        for (const party of parties) embedded.set(party, await one.hub.reads.card(party, {}));
        await one.lose(part === 64 ? '' : `{${part}}`);
        for (const party of parties) {
          const answer = await one.reads.card(party, {}).catch((error: unknown) => error);
          if (answer instanceof Error)
            assert.equal((answer as { code?: string }).code, 'not-built', String(answer));
          else
            assert.deepStrictEqual(answer, embedded.get(party), `the card of ${party} after keys were lost`);
        }
        await healed(one);
        await same(one, sent, {});
      },
      0,
    ),
  );

/** The publisher looks from time to time whether all is there. */
async function healed(one: Published): Promise<void> {
  const before = await one.build();
  const until = performance.now() + 30_000;
  for (;;) {
    await one.hub.nudge();
    const [answer] = await Promise.allSettled([one.reads.reviews({ limit: 1 })]);
    const build = await one.build();
    if (answer.status === 'fulfilled' && build !== undefined && build !== before) return;
    assert.ok(performance.now() < until, 'what was lost was not filled again');
  }
}

/** A projector that begins again on its copy publishes what is missing, and no more. */
export const goesOn = (runs: number, url: string): Promise<void> =>
  check(runs, published, ([sent, pace]) =>
    withPublished(url, async (one) => {
      const half = Math.ceil(sent.length / 2);
      await send(one, sent.slice(0, half), pace);
      const build = await one.build();
      const { afterBatch } = one.hub;
      // Noted, and not published: as if the projector was killed in between.
      let died = false;
      one.hub.afterBatch = (copy) => {
        if (died) return Promise.resolve();
        died = true;
        return watched(
          () => Promise.reject(new Error('killed')),
          () => afterBatch(copy).catch(() => undefined),
        );
      };
      await send(one, sent.slice(half), pace);
      await one.reopen();
      one.hub.afterBatch = afterBatch;
      await one.hub.nudge();
      assert.equal(await one.build(), build, 'nothing is published twice');
      await same(one, sent, {});
    }),
  );

/** A batch that was cut off is written again; what was left of it arrives later still. */
export const cutOff = (runs: number, url: string): Promise<void> =>
  check(runs, fc.tuple(published, fc.nat({ max: 3 })), ([[sent, pace], passed]) =>
    withPublished(url, async (one) => {
      const half = Math.ceil(sent.length / 2);
      await send(one, sent.slice(0, half), pace);
      const build = await one.build();
      const left: [keys: readonly string[], args: readonly Argument[]][] = [];
      let count = 0;
      const { afterBatch } = one.hub;
      one.hub.afterBatch = (copy) =>
        watched(
          (call, keys, args) => {
            if (count++ < passed) return call();
            left.push([keys, args]);
            return Promise.reject(new Error('cut off'));
          },
          () => afterBatch(copy).catch(() => undefined),
        );
      await send(one, sent.slice(half), 1);
      one.hub.afterBatch = afterBatch;
      await one.hub.nudge();
      await one.withDriver(async (driver) => {
        for (const [keys, args] of left.reverse()) await driver.script(APPLY, keys, args);
      });
      assert.equal(await one.build(), build, 'nothing is published twice');
      await same(one, sent, {});
    }),
  );

/** Who has lost the lease writes nothing any more. */
export const fenced = (url: string): Promise<void> =>
  withPublished(url, async (one) => {
    const [sent] = fc.sample(histories({ min: 10, max: 20, decided: true }), { numRuns: 1, seed: 7 });
    assert.ok(sent);
    await send(one, sent, 500);
    const [first] = sent;
    assert.ok(first);
    const again: Sent = { ...first, cloudEvent: { ...first.cloudEvent, id: 'after-the-lease' } };
    const told = async (): Promise<unknown[]> =>
      Promise.all(someOf(one.hub, sent).map((party) => one.reads.explainedCard(party, {})));
    const before = await told();
    const next = await RedisPublisher.open({ url, name: one.name, token: 2 });
    try {
      await assert.rejects(
        () => send(one, [again], 500),
        (error) => (error as Error).name === FencedError.name,
      );
      assert.deepStrictEqual(await told(), before, 'nothing was written');
      one.hub.afterBatch = (copy) => next.publish(copy);
      await one.hub.nudge();
      await same(one, [...sent, again], {});
      await assert.rejects(
        () => RedisPublisher.open({ url, name: one.name, token: 1 }),
        (error) => (error as Error).name === FencedError.name,
      );
    } finally {
      next.close();
    }
  });
