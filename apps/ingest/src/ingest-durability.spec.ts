import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Intake } from '@threadline/channels/intake';
import type { EventsAnswer } from '@threadline/contracts/events-answer';
import type { Message } from '@threadline/broker/broker';
import type { JsonObject } from '@threadline/domain/canonical-json';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { openEvent } from '@threadline/vault/sealing';
import type { StoredEvent } from '@threadline/domain/stored-event';
import { EventGroups } from './event-group.js';
import { IngestQueue } from './ingest-queue.js';
import type { IngestLog } from './interaction-states.js';
import { BATCH, bench, brief, event, MASTER_KEY, NOW, withBench, type BenchOptions } from './small-ingest.js';

describe('rule 1: ack means durable', () => {
  /** At the moment of every append, another connection to the vault opens all that is appended. */
  const holds = async (commit: (vault: SqliteVault) => Promise<void>): Promise<string[]> => {
    const { store, vault, folder, close } = await bench();
    const calls: string[] = [];
    const watched = new Proxy(vault, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'commit') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        return () => {
          calls.push('keys');
          return commit(target);
        };
      },
    });
    const log: IngestLog = {
      readStream: (stream) => store.readStream(stream),
      append: async (appends) => {
        calls.push('events');
        const reader = await SqliteVault.open({ folder, masterKey: MASTER_KEY, readOnly: true });
        for (const { id, type, data } of appends.flatMap(({ events }) => events)) {
          const stored = JSON.parse(Buffer.from(data).toString()) as StoredEvent;
          const ring = await reader.keys([stored.key]);
          assert.equal(openEvent(id, type, stored, ring, vault.hash).forgotten, false);
        }
        await reader.close();
        return store.append(appends);
      },
    };
    const queue = new IngestQueue({
      groups: new EventGroups(log, watched),
      intake: new Intake({ hash: (...parts) => vault.hash(...parts) }),
      clock: () => NOW,
      unforeseen: () => undefined,
    });
    const body = (): Uint8Array => Buffer.from(JSON.stringify([event('1'), event('2', { identifiers: [] })]));
    try {
      for (let i = 0; i < 2; i++)
        await queue.submit({ topic: '', headers: { 'content-type': BATCH }, body: body() });
      return calls;
    } finally {
      await close();
    }
  };

  it('keys are durable before the events that need them, and a duplicate costs no fsync', async () => {
    assert.deepEqual(await holds((vault) => vault.commit()), ['keys', 'events']);
  });

  it('is broken by keys that are made durable later (the sabotage)', async () => {
    await assert.rejects(
      holds(() => Promise.resolve()),
      { code: 'ERR_ASSERTION' },
    );
  });

  it('many new keys are made durable in parts: a vault holds only so many unstored', async () => {
    const { store, vault, close } = await bench();
    let unstored = 0;
    let most = 0;
    const watched = new Proxy(vault, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          if (name === 'commit') unstored = 0;
          if (name === 'handlesForInteractions' || name === 'handlesFor')
            most = Math.max(most, (unstored += (args[0] as unknown[]).length));
          return value.apply(target, args) as unknown;
        };
      },
    });
    const queue = new IngestQueue({
      groups: new EventGroups(store, watched),
      intake: new Intake({ hash: (...parts) => vault.hash(...parts) }),
      clock: () => NOW,
      unforeseen: () => undefined,
    });
    const nameless = Array.from({ length: 9_000 }, (_, i) => ({
      specversion: '1.0',
      id: `${i}`,
      source: '/s',
      type: 'a.b',
    }));
    const crowd = Array.from({ length: 9_000 }, (_, i) => ({ kind: 'user', value: `${i}` }));
    for (const events of [nameless, [event('crowd', { identifiers: crowd })]]) {
      const body = Buffer.from(JSON.stringify(events));
      most = 0;
      assert.deepEqual(brief(await queue.submit({ topic: '', headers: { 'content-type': BATCH }, body })), [
        202,
        events.length,
        0,
      ]);
      assert.ok(most > 0 && most < 9_000 && unstored === 0, `${most} at once, ${unstored} left`);
    }
    await close();
  });

  it(
    'a full disk refuses the whole request, takes nothing of it, and the same request is taken when there is room',
    withBench(
      async ({ post, log }) => {
        const many = Array.from({ length: 200 }, (_, i) => event(`big-${i}`, { text: 'x'.repeat(4_000) }));
        await post(event('1'));
        await assert.rejects(post(many), { code: 'store-full', retriable: true, status: 503, retryAfter: 5 });
        assert.equal(log().length, 1);
        assert.deepEqual(brief(await post(event('2'))), [202, 1, 0], 'what fits is taken');
      },
      { maxPages: 40 },
    ),
  );

  it('what cannot be written ever does not hold up what came with it', async () => {
    let refuse = true;
    const opened = await bench({
      before: (store) => ({
        readStream: (stream) => store.readStream(stream),
        append: (appends) => {
          if (refuse && appends.some(({ events }) => events.some(({ type }) => type === 'bad.event'))) {
            return Promise.reject(
              Object.assign(new Error('no'), { code: 'invalid-append', retriable: false }),
            );
          }
          return store.append(appends);
        },
      }),
    });
    const [bad, good] = await Promise.allSettled([
      opened.post(event('1', {}, { type: 'bad.event' })),
      opened.post(event('2')),
    ]);
    assert.equal(bad.status, 'rejected');
    assert.ok(good.status === 'fulfilled' && good.value.status === 202);
    refuse = false;
    assert.deepEqual(brief(await opened.post(event('1', {}, { type: 'bad.event' }))), [202, 1, 0]);
    await opened.close();
  });
});

describe('another writer', () => {
  it('to the same interaction is noticed, and the events are decided again', async () => {
    // Two ingests on one log, as in cluster mode; the second one does not see what the first has written since.
    const { store, vault, close, log } = await bench();
    const ingest = (): IngestQueue =>
      new IngestQueue({
        groups: new EventGroups(store, vault),
        intake: new Intake({ hash: (...parts) => vault.hash(...parts) }),
        clock: () => NOW,
        unforeseen: () => undefined,
      });
    const [a, b] = [ingest(), ingest()];
    const message = (...events: JsonObject[]): Message => ({
      topic: '',
      headers: { 'content-type': BATCH },
      body: Buffer.from(JSON.stringify(events)),
    });
    const of = (id: string): JsonObject => event(id, { object: 'o' });
    await a.submit(message(of('1')));
    await b.submit(message(of('2')));
    const answer = await a.submit(message(of('3'), of('2'), of('3')));
    assert.deepEqual(brief(answer), [202, 1, 2]);
    assert.deepEqual(
      log().map(({ revision }) => revision),
      [0, 1, 2],
    );
    await close();
  });
});

describe('rule 2: once, for ever', () => {
  const step = fc.record({
    id: fc.constantFrom('1', '2', '3', '4'),
    object: fc.constantFrom(undefined, 'a', 'b'),
    version: fc.constantFrom(0, 0, 0, 1),
  });
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
  const versionOf = ({ id, object, version }: Step, source: string): JsonObject =>
    event(id, { version, ...(object !== undefined && { object }) }, { source });

  /** Status, accepted, duplicates, rejected. */
  type Counts = [status: number, accepted: number, duplicates: number, rejected: number];
  const counted = (answer: EventsAnswer): Counts => {
    const [status, accepted, duplicates, ...rejected] = brief(answer);
    return [status, accepted, duplicates, rejected.length];
  };

  /** What the rule says of these requests, sent one after the other. */
  const outcomes = (sent: readonly JsonObject[][]): Counts[] => {
    const first = new Map<unknown, string>();
    return sent.map((batch) => {
      const counts: [number, number, number] = [0, 0, 0];
      for (const one of batch) {
        const content = JSON.stringify(one);
        const known = first.get(one['id']);
        if (known === undefined) first.set(one['id'], content);
        counts[known === undefined ? 0 : known === content ? 1 : 2]++;
      }
      return [counts[0] + counts[1] > 0 ? 202 : 400, ...counts];
    });
  };
  const requests = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 8 });

  /** Whatever is sent, in whatever grouping: the first content of a name is taken once, and every answer says so. */
  const holds = async (options: BenchOptions = {}): Promise<void> => {
    const opened = await bench(options);
    let run = 0;
    const check = async (batches: readonly Step[][], together: boolean): Promise<void> => {
      // A source of its own is a log of its own.
      const source = `/run/${run++}`;
      const sent = batches.map((steps) => steps.map((step) => versionOf(step, source)));
      const expected = outcomes(sent);
      const before = opened.store.headPosition();
      const answers: EventsAnswer[] = [];
      // Ingests that remember nothing of each other come one after the other: only the log has one writer.
      if (together && options.restarted !== true)
        answers.push(...(await Promise.all(sent.map((batch) => opened.post(batch)))));
      else for (const batch of sent) answers.push(await opened.post(batch));
      assert.deepEqual(answers.map(counted), expected);
      const accepted = expected.reduce((sum, [, one]) => sum + one, 0);
      assert.equal(opened.store.headPosition() - before, accepted);
    };
    try {
      await fc.assert(fc.asyncProperty(requests, fc.boolean(), check), { numRuns: 100 });
    } finally {
      await opened.close();
    }
  };

  it('holds', () => holds());

  it('holds for an ingest that remembers nothing', () => holds({ restarted: true }));

  it('is broken by a log that forgets what it has (the sabotage)', async () => {
    const forgetful = (store: SqliteEventStore): IngestLog => ({
      async *readStream() {},
      append: (appends) =>
        store.append(
          appends.map((append) => ({
            ...append,
            expected: 'any',
            events: append.events.map((one) => ({ ...one, id: crypto.randomUUID() })),
          })),
        ),
    });
    await assert.rejects(holds({ before: forgetful }));
  });
});
