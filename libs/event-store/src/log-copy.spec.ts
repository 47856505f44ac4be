import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { LogForeignError } from './errors.js';
import type {
  EventStore,
  Position,
  RecordedEvent,
  SubscribeOptions,
  SubscriptionMessage,
} from './event-store.js';
import { LogCopyReader } from './log-copy-reader.js';
import { LogCopy } from './log-copy.js';
import { SqliteEventStore } from './sqlite-event-store.js';

/** Positions as a cluster has them: they grow, and lie apart. */
const apart = (position: Position): Position => position * 997 + 13;

const sparse = (event: RecordedEvent): RecordedEvent => ({ ...event, position: apart(event.position) });

type Followed = Pick<EventStore, 'subscribe' | 'readAll' | 'head'>;

/** The store with positions that lie apart. It is followed from wherever an event lies. */
function sparseStore(store: SqliteEventStore): Followed {
  const near = (position: Position): Position => Math.floor(position / 997);
  return {
    head: async () => apart(await store.head()),
    async *readAll(options = {}) {
      for await (const event of store.readAll({ ...options, after: near(options.after ?? 0) }))
        yield sparse(event);
    },
    async *subscribe(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage> {
      for await (const message of store.subscribe({ ...options, after: near(options.after ?? 0) })) {
        if (message.kind === 'event') yield { kind: 'event', event: sparse(message.event) };
        else yield { ...message, position: apart(message.position) };
      }
    },
  };
}

const streams = ['interaction-a', 'interaction-b', 'identity-a', 'key-a'];
const writes = fc.array(fc.record({ stream: fc.constantFrom(...streams), id: fc.nat(40) }), {
  minLength: 1,
  maxLength: 60,
});

/** What a log has to be that holds an id once. */
const firstOfEach = (events: readonly RecordedEvent[]): RecordedEvent[] =>
  events.filter(({ id }, place) => events.findIndex((other) => other.id === id) === place);

const bytes = (event: RecordedEvent | undefined): unknown =>
  event && { ...event, data: Buffer.from(event.data).toString('hex') };

describe('a copy of a log', () => {
  let folder: string;
  let store: SqliteEventStore;
  const copies: LogCopy[] = [];
  const openCopy = (name: string): LogCopy => {
    const copy = LogCopy.open({ folder: join(folder, name) });
    copies.push(copy);
    return copy;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'log-copy-'));
    store = await SqliteEventStore.open({ folder });
  });
  afterEach(async () => {
    for (const copy of copies.splice(0)) await copy.close();
    await store.close();
    await rm(folder, { recursive: true });
  });

  const append = async (stream: string, id: string): Promise<void> => {
    const data = Buffer.from(JSON.stringify({ stream, id }));
    await store.append([{ stream, expected: 'any', events: [{ id, type: 'note.written', data }] }]);
  };

  /** Follows until everything that is in the store now is in the copy; closes it then. */
  const catchUp = async (copy: LogCopy, followed: Followed, until: Position): Promise<void> => {
    const stop = new AbortController();
    await copy.follow(followed, {
      signal: stop.signal,
      onCopied: (through) => through >= until && stop.abort(),
    });
  };

  const isTheLog = async (followed: Followed): Promise<void> => {
    const ids = Array.from({ length: 41 }, () => randomUUID());
    await fc.assert(
      fc.asyncProperty(writes, fc.array(fc.nat(60), { maxLength: 3 }), async (written, interruptions) => {
        const name = `copy-${randomUUID()}`;
        await mkdir(join(folder, name));
        const category = randomUUID().replaceAll('-', '');
        const cuts = new Set(interruptions);
        for (const [place, { stream, id }] of written.entries()) {
          await append(`${stream}${category}`, ids[id] as string);
          if (!cuts.has(place)) continue;
          const copy = openCopy(name);
          await catchUp(copy, followed, apart(await store.head()));
          await copy.close();
        }
        const copy = openCopy(name);
        await catchUp(copy, followed, apart(await store.head()));
        const all: RecordedEvent[] = [];
        for await (const event of store.readAll()) all.push(sparse(event));
        const kept = firstOfEach(all);
        assert.deepEqual(copy.after(0, all.length).map(bytes), kept.map(bytes));
        assert.deepEqual(
          copy.passedOver().map(({ position }) => position),
          all.filter((event) => !kept.includes(event)).map(({ position }) => position),
        );
        for (const stream of new Set(all.map((event) => event.stream))) {
          const mine = kept.filter((event) => event.stream === stream).map(bytes);
          assert.deepEqual(copy.stream(stream).map(bytes), mine);
          assert.deepEqual(copy.page(stream, { direction: 'backwards' }).map(bytes), [...mine].reverse());
        }
        for (const { position, id, recordedAt } of kept) {
          assert.deepEqual(copy.find(id).map(bytes), [bytes(copy.at([position])[0])]);
          const last = kept.filter((event) => event.recordedAt <= recordedAt).at(-1) as RecordedEvent;
          const at = copy.positionAt(recordedAt);
          assert.ok(
            at >= last.position &&
              !kept.some((event) => event.position > last.position && event.position <= at),
          );
        }
        const read: RecordedEvent[] = [];
        for await (const event of copy.readAll({ prefixes: ['interaction-'] })) read.push(event);
        assert.deepEqual(
          read.map(bytes),
          kept.filter(({ stream }) => stream.startsWith('interaction-')).map(bytes),
        );
        assert.equal(copy.headPosition(), kept.at(-1)?.position);
        assert.equal(copy.throughPosition(), all.at(-1)?.position);
        await copy.close();
      }),
      { numRuns: 20 },
    );
  };

  it('writes together what keeps coming one by one', async () => {
    const EVENTS = 600;
    const append = (id: number): Parameters<SqliteEventStore['append']>[0][number] => ({
      stream: `interaction-${id}`,
      expected: 'any',
      events: [{ id: randomUUID(), type: 'note.written', data: Buffer.from('{}') }],
    });
    await store.append(Array.from({ length: EVENTS }, (_, id) => append(id)));
    const oneByOne: Followed = {
      head: () => store.head(),
      readAll: (options) => store.readAll(options),
      async *subscribe(options) {
        for await (const message of store.subscribe(options)) {
          await turn();
          yield message;
        }
      },
    };
    await mkdir(join(folder, 'paced'));
    const copy = openCopy('paced');
    const stop = new AbortController();
    let transactions = 0;
    await copy.follow(oneByOne, {
      signal: stop.signal,
      onCopied: (through) => {
        transactions++;
        if (through >= EVENTS) stop.abort();
      },
    });
    assert.ok(transactions < EVENTS / 5, `${transactions} transactions of ${EVENTS} events`);
    await copy.close();
  });

  it('is the log with each id once, however often it was interrupted', () => isTheLog(sparseStore(store)));

  it('twin: a subscription that begins one event too late', async () => {
    const good = sparseStore(store);
    const late: Followed = {
      ...good,
      subscribe: (options) => good.subscribe({ ...options, after: (options.after ?? 0) + 997 }),
    };
    await assert.rejects(isTheLog(late), /Property failed/);
  });

  it('tells its subscribers what it takes in, at once', async () => {
    const copy = openCopy('');
    const stop = new AbortController();
    const following = copy.follow(sparseStore(store), { signal: stop.signal, onCopied: () => undefined });
    const told = copy.subscribe({ signal: stop.signal });
    const next = async (): Promise<string | undefined> => {
      for (;;) {
        const { value } = (await told.next()) as { value: SubscriptionMessage | undefined };
        if (value === undefined || value.kind === 'event') return value?.event.id;
      }
    };
    for (const id of [randomUUID(), randomUUID()]) {
      await append('interaction-a', id);
      assert.equal(await next(), id);
    }
    stop.abort();
    await following;
  });

  it('is read from beside it, while it grows', async () => {
    const copy = openCopy('');
    const [one, two] = [randomUUID(), randomUUID()];
    await append('interaction-a', one);
    await catchUp(copy, sparseStore(store), apart(1));
    const reader = LogCopyReader.open({ folder });
    await append('interaction-a', two);
    await catchUp(copy, sparseStore(store), apart(2));
    assert.deepEqual(reader.after(0, 10).map(bytes), copy.after(0, 10).map(bytes));
    assert.deepEqual(
      [reader.headPosition(), reader.throughPosition(), reader.find(two)[0]?.position],
      [apart(2), copy.throughPosition(), apart(2)],
    );
    await reader.close();
    assert.throws(() => LogCopyReader.open({ folder: join(folder, 'none') }), { code: 'store-not-found' });
  });

  it('follows no other log than its own', async () => {
    await append('interaction-a', randomUUID());
    const copy = openCopy('');
    await catchUp(copy, sparseStore(store), apart(1));
    await mkdir(join(folder, 'other'));
    const other = await SqliteEventStore.open({ folder: join(folder, 'other') });
    try {
      const data = Buffer.from('{}');
      const events = [{ id: randomUUID(), type: 'note.written', data }];
      await other.append([{ stream: 'interaction-a', expected: 'any', events }]);
      await assert.rejects(catchUp(copy, sparseStore(other), apart(1)), LogForeignError);
    } finally {
      await other.close();
    }
  });
});
