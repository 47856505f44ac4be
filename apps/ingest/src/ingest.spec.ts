import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { Intake } from '@threadline/channels/intake';
import type { EventsAnswer } from '@threadline/contracts/events-answer';
import type { Json, JsonObject } from '@threadline/domain/canonical-json';
import type { Message } from '@threadline/broker/broker';
import type { RecordedEvent } from '@threadline/event-store/event-store';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { openEvent } from '@threadline/vault/sealing';
import type { StoredEvent } from '@threadline/domain/stored-event';
import { EventGroups } from './event-group.js';
import { IngestQueue } from './ingest-queue.js';
import type { IngestLog } from './interaction-states.js';

const BATCH = 'application/cloudevents-batch+json';
const SINGLE = 'application/cloudevents+json';
const NOW = Date.UTC(2026, 2, 2, 10, 15);

const MASTER_KEY = randomBytes(32);

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

interface Bench {
  readonly store: SqliteEventStore;
  readonly vault: SqliteVault;
  readonly folder: string;
  readonly post: (body: Json, headers?: Record<string, string>) => Promise<EventsAnswer>;
  readonly log: () => RecordedEvent[];
  readonly close: () => Promise<void>;
}

interface BenchOptions {
  readonly maxPages?: number;
  /** A log that stands before the real one. */
  readonly before?: (store: SqliteEventStore) => IngestLog;
  /** Every request meets an ingest that remembers nothing. */
  readonly restarted?: boolean;
}

/** Ingest on the real stores, without thread and broker. */
async function bench({
  maxPages,
  before = (store) => store,
  restarted = false,
}: BenchOptions = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'threadline-ingest-'));
  folders.push(folder);
  const vault = await SqliteVault.open({ folder, masterKey: MASTER_KEY });
  const store = await SqliteEventStore.open({ folder, ...(maxPages !== undefined && { maxPages }) });
  const newQueue = (): IngestQueue =>
    new IngestQueue({
      groups: new EventGroups(before(store), vault),
      intake: new Intake({ hash: (...parts) => vault.hash(...parts), country: 'GB' }),
      clock: () => NOW,
      unforeseen: () => undefined,
    });
  let queue = newQueue();
  return {
    store,
    vault,
    folder,
    post: (body, headers = {}) => {
      const contentType = Array.isArray(body) ? BATCH : SINGLE;
      const message: Message = {
        topic: 'interactions.inbound',
        headers: { 'content-type': contentType, ...headers },
        body: Buffer.from(JSON.stringify(body)),
      };
      if (restarted) queue = newQueue();
      return queue.submit(message);
    },
    log: () => store.after(0, 100_000),
    close: async () => {
      await queue.idle();
      await store.close();
      await vault.close();
    },
  };
}

const withBench =
  (test: (bench: Bench) => Promise<void>, options?: BenchOptions): (() => Promise<void>) =>
  async () => {
    const opened = await bench(options);
    try {
      await test(opened);
    } finally {
      await opened.close();
    }
  };

const event = (id: string, data: JsonObject = {}, envelope: JsonObject = {}): JsonObject => ({
  specversion: '1.0',
  id,
  source: '/s',
  type: 'chat.message',
  time: '2026-03-01T09:00:00Z',
  data: { identifiers: [{ kind: 'email', value: 'Ana@Example.org', name: 'Ana' }], ...data },
  ...envelope,
});

/** Status, accepted, duplicates, and the codes of what was rejected. */
const brief = (answer: EventsAnswer): [number, number, number, ...string[]] => {
  const rejected = answer.status === 202 ? answer.taken.rejected : answer.rejected;
  const codes = rejected.map(({ index, code }) => `${index} ${code}`);
  return answer.status === 202
    ? [202, answer.taken.accepted, answer.taken.duplicates, ...codes]
    : [answer.status, 0, 0, ...codes];
};

const positionOf = (answer: EventsAnswer): number => {
  assert.ok(answer.status === 202, JSON.stringify(answer));
  return Number(answer.taken.position);
};

describe('ingest answers', () => {
  it(
    'as the contract’s table says',
    withBench(async ({ post, log }) => {
      assert.deepEqual(brief(await post(event('1'))), [202, 1, 0]);
      assert.deepEqual(brief(await post(event('1'))), [202, 0, 1]);
      assert.deepEqual(brief(await post(event('1', { extra: 1 }))), [409, 0, 0, '0 conflict']);
      assert.deepEqual(brief(await post(event('', {}))), [400, 0, 0, '0 invalid']);
      assert.deepEqual(brief(await post([])), [400, 0, 0]);
      assert.deepEqual(brief(await post([event('1', { extra: 1 })])), [400, 0, 0, '0 conflict']);
      assert.deepEqual(
        brief(
          await post([event('2'), 5, event('1', { x: 1 }), event('1'), event('2'), event('2', { x: 1 })]),
        ),
        [202, 1, 2, '1 invalid', '2 conflict', '5 conflict'],
      );
      assert.deepEqual(log().length, 2);
    }),
  );

  it(
    'each rejected event with its id and its problems',
    withBench(async ({ post }) => {
      const answer = await post([event('x', { sequence: '1' }), { id: 7 }, event('1')]);
      assert.ok(answer.status === 202);
      assert.deepEqual(
        answer.taken.rejected.map(({ index, id, problems }) => [
          index,
          id,
          problems.map(({ path }) => path).sort(),
        ]),
        [
          [0, 'x', ['/data/sequence']],
          [1, null, ['/id', '/source', '/specversion', '/type']],
        ],
      );
    }),
  );

  it(
    'an event over 1 MiB in a batch by its code, and takes the rest',
    withBench(async ({ post }) => {
      const large = event('large', { text: 'x'.repeat(1_100_000) });
      assert.deepEqual(brief(await post([event('1'), large])), [202, 1, 0, '1 too-large']);
      assert.deepEqual(brief(await post([large])), [400, 0, 0, '0 too-large']);
      assert.deepEqual(brief(await post(large)), [413, 0, 0]);
    }),
  );

  it(
    'with a position at or after every event of the request, duplicates included',
    withBench(async ({ post }) => {
      const first = positionOf(await post([event('1'), event('2')]));
      const later = positionOf(await post([event('3'), event('4'), event('5')]));
      assert.ok(first >= 2 && later >= 5);
      assert.ok(positionOf(await post([event('4')])) >= 4);
      assert.ok(positionOf(await post([event('1'), event('9', { object: '5' })])) >= 6);
    }),
  );

  it(
    'requests that arrive together as if they had come one after the other',
    withBench(async ({ post, log }) => {
      const answers = await Promise.all([
        post(event('1')),
        post(event('1')),
        post(event('1', { x: 1 })),
        post(event('', {})),
        post([event('2'), event('1')]),
      ]);
      assert.deepEqual(answers.map(brief), [
        [202, 1, 0],
        [202, 0, 1],
        [409, 0, 0, '0 conflict'],
        [400, 0, 0, '0 invalid'],
        [202, 1, 1],
      ]);
      assert.equal(log().length, 2);
    }),
  );
});

describe('the same source and id', () => {
  it(
    'with another object is a conflict, wherever the first one lies',
    withBench(async ({ post, log }) => {
      await post(event('1', { object: 'a' }));
      assert.deepEqual(brief(await post(event('1', { object: 'b' }))), [409, 0, 0, '0 conflict']);
      assert.deepEqual(brief(await post([event('2', { object: 'a' }), event('2', { object: 'b' })])), [
        202,
        1,
        0,
        '1 conflict',
      ]);
      assert.equal(log().length, 2);
    }),
  );

  it(
    'without a time is the same as one that came without; with the time that was given out as well',
    withBench(async ({ post }) => {
      const timeless = { ...event('1') };
      delete timeless['time'];
      assert.deepEqual(brief(await post(timeless)), [202, 1, 0]);
      assert.deepEqual(brief(await post(timeless)), [202, 0, 1]);
      assert.deepEqual(brief(await post({ ...timeless, time: new Date(NOW).toISOString() })), [202, 0, 1]);
      assert.deepEqual(brief(await post({ ...timeless, time: new Date(NOW + 1).toISOString() })), [
        409,
        0,
        0,
        '0 conflict',
      ]);
    }),
  );

  it(
    'with extensions of ours, as a copy from the log has them, is the same',
    withBench(async ({ post }) => {
      await post(event('1'));
      const copy = event(
        '1',
        {},
        { threadlineposition: '1', threadlinerecordedat: '2026-03-02T10:15:00.000Z', threadlineevent: 'e' },
      );
      assert.deepEqual(brief(await post(copy)), [202, 0, 1]);
    }),
  );

  it(
    'in binary mode is the same',
    withBench(async ({ store, vault, post }) => {
      await post(event('1'));
      const queue = new IngestQueue({
        groups: new EventGroups(store, vault),
        intake: new Intake({ hash: (...parts) => vault.hash(...parts) }),
        clock: () => NOW,
        unforeseen: () => undefined,
      });
      const { data, time, source, id, type } = event('1') as Record<string, string>;
      const headers = {
        'ce-specversion': '1.0',
        'ce-id': id,
        'ce-source': source,
        'ce-type': type,
        'ce-time': time,
      };
      const answer = await queue.submit({
        topic: 'interactions.inbound',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          ...(headers as Record<string, string>),
        },
        body: Buffer.from(JSON.stringify(data)),
      });
      assert.deepEqual(brief(answer), [202, 0, 1]);
    }),
  );
});

describe('what is stored', () => {
  it(
    'opens to the event as it came, under the interaction of its object',
    withBench(async ({ post, log, vault }) => {
      const sent = [
        event('1', {
          object: 'o',
          identifiers: [
            { kind: 'phone', value: '020 7946 0000' },
            { kind: ' EMAIL', value: 'Ana@Example.org' },
          ],
        }),
        event('2', { object: 'o', identifiers: [] }, { type: 'com.example.thing', __proto__ext: 1 }),
      ];
      await post(sent);
      const events = log();
      assert.equal(new Set(events.map(({ stream }) => stream)).size, 1);
      assert.deepEqual(
        events.map(({ revision }) => revision),
        [0, 1],
      );
      const stored = events.map(({ data }) => JSON.parse(Buffer.from(data).toString()) as StoredEvent);
      const ring = await vault.keys(
        stored.flatMap(({ key, parties }) => [key, ...parties.map((party) => party.key)]),
      );
      const opened = events.map(({ id, type }, i) =>
        openEvent(id, type, stored[i] as StoredEvent, ring, (...parts) => vault.hash(...parts)),
      );
      assert.deepEqual(
        opened.map(({ cloudEvent }) => cloudEvent),
        sent,
      );
      assert.deepEqual(opened[0]?.identifiers, [
        { kind: 'phone', value: '+442079460000', strength: 'claimed' },
        { kind: 'email', value: 'ana@example.org', strength: 'claimed' },
      ]);
      for (const { data } of events)
        assert.doesNotMatch(Buffer.from(data).toString('latin1'), /example\.org|7946 0000|442079460000/i);
    }),
  );

  it(
    'keeps decisions and rules in streams of their own, from those alone who may decide',
    withBench(async ({ post, log }) => {
      const parties = [
        { kind: 'email', value: 'ana@example.org' },
        { kind: 'email', value: 'ben@example.org' },
      ];
      const linked = event('1', { parties }, { type: 'identity.linked' });
      delete (linked['data'] as JsonObject)['identifiers'];
      const rules = {
        ...event('2', {}, { type: 'identity.rules.applied' }),
        data: { rules: { name: 'r', version: 1 } },
      };
      const sent = [linked, rules, event('3'), event('4', {}, { type: 'identity.checked' })];
      assert.deepEqual(brief(await post(sent)), [202, 2, 0, '0 invalid', '1 invalid']);
      assert.deepEqual(brief(await post(linked)), [400, 0, 0, '0 invalid']);
      assert.deepEqual(brief(await post(sent, { decides: 'true' })), [202, 2, 2]);
      assert.deepEqual(brief(await post(sent, { decides: 'true' })), [202, 0, 4]);
      assert.deepEqual(
        log().map(({ stream, type }) => [stream.slice(0, stream.indexOf('-')), type]),
        [
          ['interaction', 'chat.message'],
          ['interaction', 'identity.checked'],
          ['identity', 'identity.linked'],
          ['rules', 'identity.rules.applied'],
        ],
      );
      // The name of a decision is taken for everything else too, and the other way round.
      assert.deepEqual(brief(await post(event('1'))), [409, 0, 0, '0 conflict']);
      assert.deepEqual(brief(await post({ ...linked, id: '3' }, { decides: 'true' })), [
        409,
        0,
        0,
        '0 conflict',
      ]);
      assert.deepEqual(brief(await post([{ ...linked, id: '5' }, event('5')], { decides: 'true' })), [
        202,
        1,
        0,
        '1 conflict',
      ]);
    }),
  );

  it(
    'carries the mode of the request',
    withBench(async ({ post, log }) => {
      await post(event('1'), { mode: 'backfill' });
      await post(event('2', {}, { threadlinemode: 'backfill' }));
      await post(event('3'));
      assert.deepEqual(
        log().map(({ data }) => (JSON.parse(Buffer.from(data).toString()) as StoredEvent).mode),
        ['backfill', 'backfill', undefined],
      );
    }),
  );
});

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
