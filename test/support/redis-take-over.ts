import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CustomerReads } from '@threadline/read-store/customers/customer-reads';
import { FencedError } from '@threadline/read-store/redis/errors';
import { modelName, RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import { liveMoment, type Moment } from '@threadline/read-store/redis/session';
import { TouchedRows } from '@threadline/read-store/redis/touched-rows';
import { check } from './hub-runs.js';
import { published, same, send, someOf, watched, withPublished, type Published } from './redis-reads.js';
import type { Sent } from './generate.js';
import type { StandBy } from './small-hub.js';

/** A projector with a working copy of its own, which may be the active one. */
interface Candidate {
  readonly standBy: StandBy;
  /** Notes what it touches from the beginning. */
  readonly rows: TouchedRows;
  publisher?: RedisPublisher;
}

/** Of one turn: who is active, and what happens in it. */
interface Turn {
  /** The candidate that takes over; the one that is active already keeps the lease. */
  readonly who: number;
  /** Events a batch, and batches that it publishes. */
  readonly pace: number;
  readonly batches: number;
  /** How far the others come meanwhile: events a batch, and batches. */
  readonly others: readonly [pace: number, batches: number];
  /** The last batch is cut off after so many scripts; undefined: it is not. */
  readonly cutAfter: number | undefined;
}

const CANDIDATES = 3;

const turns = fc.array(
  fc.record<Turn>({
    who: fc.nat({ max: CANDIDATES - 1 }),
    pace: fc.constantFrom(1, 2, 3, 7),
    batches: fc.integer({ min: 1, max: 3 }),
    others: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(0, 1, 4, Infinity)),
    cutAfter: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  }),
  { minLength: 3, maxLength: 6 },
);

const moment = (one: Published): Promise<Moment | undefined> =>
  one.withDriver((driver) => liveMoment(driver, modelName(one.name)));

/**
 * Whoever takes over, and wherever the one before was cut off: the build that is live is gone on with, and what the Redis
 * answers is what the read model of the active one does.
 */
export const continues = (runs: number, url: string): Promise<void> =>
  check(runs, fc.tuple(published, turns), ([[sent], plan]) =>
    withPublished(url, async (one) => {
      one.publisher.close();
      one.hub.afterBatch = () => Promise.resolve();
      await send(one, sent, 500);
      const candidates = Array.from({ length: CANDIDATES }, (): Candidate => {
        const standBy = one.hub.standBy();
        return { standBy, rows: new TouchedRows(standBy.copy.model) };
      });
      try {
        const build = await play(one, sent, candidates, plan);
        assert.equal((await moment(one))?.build, build, 'nobody began another build');
        await same(one, sent, {});
      } finally {
        for (const { publisher, standBy } of candidates) {
          publisher?.close();
          standBy.close();
        }
      }
    }),
  );

/** Answers the build that the first of them began. */
async function play(
  one: Published,
  sent: readonly Sent[],
  candidates: readonly Candidate[],
  plan: readonly Turn[],
): Promise<string | undefined> {
  let build: string | undefined;
  let token = 2;
  let active: Candidate | undefined;
  for (const { who, pace, batches, others, cutAfter } of plan) {
    const next = candidates[who] as Candidate;
    const before = active;
    if (next !== active) next.publisher = await RedisPublisher.open({ ...one, token: token++ });
    active = next;
    await publishAll(active, pace, batches);
    build ??= (await moment(one))?.build;
    await agree(one, sent, active.standBy);
    if (before !== undefined && before !== active) await isFenced(before);
    if (cutAfter !== undefined) await cutOff(active, pace, cutAfter);
    const live = (await moment(one))?.position ?? 0;
    for (const other of candidates) {
      if (other === active) continue;
      await other.standBy.catchUp(...others);
      other.rows.forget(live);
    }
  }
  assert.ok(active);
  await publishAll(active, 3, Infinity);
  return build;
}

async function agree(one: Published, sent: readonly Sent[], { reads }: StandBy): Promise<void> {
  for (const party of someOf(one.hub, sent).slice(0, 5)) {
    const told = async (from: CustomerReads): Promise<unknown[]> => [
      await from.explainedCard(party, {}),
      await from.timeline(party, { limit: 200, order: 'asc' }, {}),
      await from.identity(party, { limit: 20, explain: true }, {}),
    ];
    const expected = await told(reads);
    let found: unknown;
    await assert.doesNotReject(async () => (found = await told(one.reads)));
    assert.deepStrictEqual(found, expected, `of ${party}`);
  }
}

/** So many batches, and then as many as it takes to be as far as what is published. */
async function publishAll({ standBy, publisher }: Candidate, pace: number, batches: number): Promise<void> {
  assert.ok(publisher);
  const { copy } = standBy;
  let isDone = await publisher.publish(copy);
  for (let batch = 0; batch < batches || !isDone; batch++) {
    const { checkpoint } = copy.model;
    await standBy.catchUp(pace, 1);
    isDone = await publisher.publish(copy);
    if (copy.model.checkpoint === checkpoint) break;
  }
  assert.ok(isDone, 'who has the whole log can go on with what is published');
}

/** One more batch, of which only the first scripts reach the Redis. */
async function cutOff({ standBy, publisher }: Candidate, pace: number, passed: number): Promise<void> {
  await standBy.catchUp(pace, 1);
  let count = 0;
  await watched(
    (call) => (count++ < passed ? call() : Promise.reject(new Error('cut off'))),
    async () => publisher?.publish(standBy.copy).catch(() => undefined),
  );
}

/** Who was held up, and does not know that another is active, writes nothing. */
async function isFenced({ standBy, publisher }: Candidate): Promise<void> {
  const { checkpoint } = standBy.copy.model;
  await standBy.catchUp(2, 1);
  if (standBy.copy.model.checkpoint > checkpoint)
    await assert.rejects(
      async () => publisher?.publish(standBy.copy),
      (error) => (error as Error).name === FencedError.name,
    );
  publisher?.close();
}
