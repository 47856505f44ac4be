import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type {
  Append,
  AppendResult,
  EventStore,
  ExpectedRevision,
  Filter,
  NewEvent,
  Position,
  RecordedEvent,
  SubscribeOptions,
  SubscriptionMessage,
} from './event-store.js';

/**
 * The port's guarantees as properties: each resolves on a store that keeps it and rejects on one that does not. They
 * write to categories of their own, so that a store may hold anything else, and be shared.
 */
export type EventStoreProperty = (store: EventStore) => Promise<void>;

/** A category that nobody else uses. */
export const freshCategory = (): string => `t${randomBytes(8).toString('hex')}`;

export const textEvent = (text: string, id: string = randomUUID(), type = 'note.written'): NewEvent => ({
  id,
  type,
  data: Buffer.from(JSON.stringify({ text })),
});

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

const check = (property: fc.IAsyncProperty<unknown>, numRuns: number): Promise<void> =>
  fc.assert(property as fc.IAsyncProperty<[unknown]>, { numRuns });

/** One append as a number of what it names, so that it shrinks. */
const command = fc.record({
  stream: fc.nat(2),
  expected: fc.oneof(fc.constantFrom<ExpectedRevision>('any', 'no-stream'), fc.nat(6)),
  events: fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 }),
});

/** What the log of one stream must be, by the rules alone: the ids, in order. */
function applyToModel(ids: string[], { expected, events }: Append): AppendResult['status'] {
  const known = events.filter(({ id }) => ids.includes(id));
  if (known.length === events.length) return 'duplicate';
  if (known.length > 0) return 'wrong-revision';
  const actual = ids.length - 1;
  if (expected !== 'any' && (expected === 'no-stream' ? -1 : expected) !== actual) return 'wrong-revision';
  ids.push(...events.map(({ id }) => id));
  return 'appended';
}

/** Rule 2: the same append, sent again any time, in any order, changes nothing and answers like the first time. */
export const sameAppendOnce: EventStoreProperty = (store) =>
  check(
    fc.asyncProperty(
      fc.array(command, { minLength: 1, maxLength: 6 }),
      fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
      async (commands, calls) => {
        const category = freshCategory();
        const exact = commands.filter(({ expected }) => expected !== 'any');
        fc.pre(exact.length > 0);
        const appends = exact.map(({ stream, expected, events }): Append => {
          const fresh = events.map((event) => textEvent(`${event}`));
          return { stream: `${category}-${stream}`, expected, events: fresh };
        });
        const model = new Map<string, string[]>();
        const told = new Map<Append, AppendResult>();
        for (const call of calls) {
          const sent = call.map((i) => appends[i % appends.length] as Append);
          const results = await store.append(sent);
          sent.forEach((append, i) => {
            const ids = model.get(append.stream) ?? [];
            model.set(append.stream, ids);
            const result = results[i] as AppendResult;
            assert.equal(result.status, applyToModel(ids, append));
            if (result.status === 'appended') told.set(append, result);
            else if (result.status === 'duplicate') {
              assert.deepEqual({ ...result, status: 'appended' }, told.get(append));
            } else assert.equal(result.actual, ids.length - 1);
          });
        }
        for (const [stream, ids] of model) {
          const events = await collect(store.readStream(stream));
          assert.deepEqual(
            events.map(({ id }) => id),
            ids,
          );
        }
      },
    ),
    40,
  );

/** More than rule 2: an id is in a stream once, whatever is sent, how often, in what order and with what expectation. */
export const onceForEver: EventStoreProperty = (store) =>
  check(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
      async (calls) => {
        const category = freshCategory();
        const ids = Array.from({ length: 8 }, () => randomUUID());
        const model = new Map<string, string[]>();
        const told = new Map<string, Set<string>>();
        for (const call of calls) {
          const appends = call.map(({ stream, expected, events }): Append => {
            const chosen = events.map((event) => textEvent(`${event}`, ids[event]));
            return { stream: `${category}-${stream}`, expected, events: chosen };
          });
          const results = await store.append(appends);
          assert.equal(results.length, appends.length);
          appends.forEach((append, i) => {
            const expectedIds = model.get(append.stream) ?? [];
            const result = results[i] as AppendResult;
            model.set(append.stream, expectedIds);
            assert.equal(result.status, applyToModel(expectedIds, append));
            if (result.status === 'wrong-revision') assert.equal(result.actual, expectedIds.length - 1);
            else {
              const places = told.get(append.stream) ?? new Set();
              told.set(append.stream, places.add(`${result.revision} at ${result.position}`));
              const latest = Math.max(...append.events.map(({ id }) => expectedIds.indexOf(id)));
              assert.equal(result.revision, latest);
            }
          });
        }
        for (const [stream, expectedIds] of model) {
          const events = await collect(store.readStream(stream));
          assert.deepEqual(
            events.map(({ id }) => id),
            expectedIds,
          );
          const places = new Set(events.map(({ revision, position }) => `${revision} at ${position}`));
          for (const place of told.get(stream) ?? [])
            assert.ok(places.has(place), `${stream} has no ${place}`);
        }
      },
    ),
    60,
  );

/** Rule 3: what was read once is read the same for ever, and what comes later comes after it. */
export const appendOnly: EventStoreProperty = (store) =>
  check(
    fc.asyncProperty(
      fc.array(fc.array(command, { minLength: 1, maxLength: 3 }), { maxLength: 6 }),
      async (calls) => {
        const category = freshCategory();
        const ids = Array.from({ length: 8 }, () => randomUUID());
        const start = await store.head();
        let before: RecordedEvent[] = [];
        for (const call of calls) {
          await store.append(
            call.map(({ stream, expected, events }) => ({
              stream: `${category}-${stream}`,
              expected,
              events: events.map((event) => textEvent(randomUUID(), ids[event])),
            })),
          );
          const now = await collect(store.readAll({ after: start, prefixes: [`${category}-`] }));
          assert.deepEqual(now.slice(0, before.length), before);
          now.slice(1).forEach((event, i) => {
            const previous = now[i] as RecordedEvent;
            assert.ok(previous.position < event.position, 'positions grow');
            assert.ok(previous.recordedAt <= event.recordedAt, 'recordedAt never goes back');
          });
          before = now;
        }
      },
    ),
    30,
  );

/** Of any number of writers that expect the same revision exactly one wins, called together or in one call. */
export const oneWinner: EventStoreProperty = (store) =>
  check(
    fc.asyncProperty(
      fc.nat(3),
      fc.integer({ min: 2, max: 6 }),
      fc.boolean(),
      async (length, writers, together) => {
        const stream = `${freshCategory()}-race`;
        for (let i = 0; i < length; i++) {
          await store.append([{ stream, expected: 'any', events: [textEvent('before')] }]);
        }
        const expected = length === 0 ? 'no-stream' : length - 1;
        const appends = Array.from({ length: writers }, (_, i): Append => {
          return { stream, expected, events: [textEvent(`writer ${i}`)] };
        });
        const results = together
          ? await store.append(appends)
          : (await Promise.all(appends.map((append) => store.append([append])))).flat();
        assert.equal(results.filter(({ status }) => status === 'appended').length, 1);
        for (const result of results) {
          if (result.status !== 'appended')
            assert.deepEqual(result, { status: 'wrong-revision', actual: length });
        }
        assert.equal((await collect(store.readStream(stream))).length, length + 1);
      },
    ),
    30,
  );

/** Any page of a stream, in any direction, is that slice of it. */
export const pagesAreSlices: EventStoreProperty = async (store) => {
  const stream = `${freshCategory()}-pages`;
  const events = Array.from({ length: 40 }, (_, i) => textEvent(`${i}`));
  for (let i = 0; i < events.length; i += 5) {
    await store.append([{ stream, expected: 'any', events: events.slice(i, i + 5) }]);
  }
  const all = await collect(store.readStream(stream));
  assert.deepEqual(
    all.map(({ id, revision }) => [id, revision]),
    events.map(({ id }, i) => [id, i]),
  );
  const bounds = { from: fc.nat(45), limit: fc.option(fc.nat(45), { nil: undefined }) };
  await check(
    fc.asyncProperty(fc.record(bounds), fc.boolean(), async ({ from, limit }, backwards) => {
      const page = await collect(
        store.readStream(stream, {
          from,
          direction: backwards ? 'backwards' : 'forwards',
          ...(limit === undefined ? {} : { limit }),
        }),
      );
      const slice = backwards ? all.slice(0, from + 1).reverse() : all.slice(from);
      assert.deepEqual(page, slice.slice(0, limit ?? Infinity));
    }),
    60,
  );
};

const TYPES = ['note.written', 'web.viewed', 'a.b'];

/** Writes to three categories, one of them that of the bulk; answers with filters over them. */
async function variedLog(store: EventStore, events: number): Promise<{ start: number; prefixes: string[] }> {
  const start = await store.head();
  const mine = [freshCategory(), freshCategory()];
  const bulk = `interaction-${randomBytes(8).toString('hex')}`;
  await store.append(
    Array.from({ length: events }, (_, i): Append => {
      const category = i % 3 === 0 ? `${mine[(i / 3) % 2]}-` : bulk;
      const event = textEvent(`${i}`, randomUUID(), TYPES[((i * 7) % 5) % 3]);
      return { stream: `${category}${i % 4}`, expected: 'any', events: [event] };
    }),
  );
  const [first, second] = mine as [string, string];
  return { start, prefixes: [`${first}-`, `${first}-1`, `${second}-`, second, bulk, `${bulk}3`, 'none-'] };
}

const passes = ({ types, prefixes }: Filter, event: RecordedEvent): boolean =>
  (types === undefined || types.includes(event.type)) &&
  (prefixes === undefined || prefixes.some((prefix) => event.stream.startsWith(prefix)));

const filters = (prefixes: readonly string[]): fc.Arbitrary<Filter> =>
  fc.record({ types: fc.subarray(TYPES), prefixes: fc.subarray([...prefixes]) }, { requiredKeys: [] });

/** A filtered read is the unfiltered one, filtered; whatever it begins after and however long it may be. */
export const filtersOnlySkip: EventStoreProperty = async (store) => {
  const { start, prefixes } = await variedLog(store, 60);
  const all = await collect(store.readAll({ after: start }));
  const places = fc.record({ skip: fc.nat(60), limit: fc.option(fc.nat(30), { nil: undefined }) });
  await check(
    fc.asyncProperty(filters(prefixes), places, async (filter, { skip, limit }) => {
      const after = skip === 0 ? start : (all[skip - 1]?.position ?? start);
      const read = await collect(
        store.readAll({ ...filter, after, ...(limit === undefined ? {} : { limit }) }),
      );
      const expected = all.filter((event) => event.position > after && passes(filter, event));
      assert.deepEqual(read, expected.slice(0, limit ?? Infinity));
    }),
    80,
  );
};

/** What a subscription says, until `over` gives it a position that it has reached (or ten seconds have passed). */
async function follow(
  store: EventStore,
  options: SubscribeOptions,
  caughtUp: () => void,
  over: Promise<Position>,
): Promise<SubscriptionMessage[]> {
  const abort = new AbortController();
  const late = setTimeout(() => abort.abort(), 10_000);
  const messages: SubscriptionMessage[] = [];
  let end = Infinity;
  const stop = (): void => {
    if (messages.some((message) => placeOf(message) >= end)) abort.abort();
  };
  void over.then((position) => {
    end = position;
    stop();
  });
  for await (const message of store.subscribe({ ...options, signal: abort.signal })) {
    messages.push(message);
    if (message.kind === 'caught-up') caughtUp();
    stop();
  }
  clearTimeout(late);
  return messages;
}

const placeOf = (message: SubscriptionMessage): Position =>
  message.kind === 'event' ? message.event.position : message.position;

/** A subscription sees every event that passes once, in order, over the switch from history to live. */
export const followsWithoutGap: EventStoreProperty = (store) =>
  check(
    fc.asyncProperty(
      fc.boolean(),
      fc.nat(20),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 }),
      async (afterHistory, history, live) => {
        const { start, prefixes } = await variedLog(store, history + 1);
        const options: SubscribeOptions = { prefixes: prefixes.slice(0, 5), after: start };
        const caughtUp = Promise.withResolvers<void>();
        const over = Promise.withResolvers<Position>();
        const following = follow(store, options, caughtUp.resolve, over.promise);
        // Some runs write while history is still being read, some when it is over.
        if (afterHistory) await caughtUp.promise;
        let last: AppendResult | undefined;
        for (const events of live) {
          const texts = Array.from({ length: events }, (_, i) => textEvent(`live ${i}`));
          const results = await store.append([
            { stream: `${prefixes[0]}live`, expected: 'any', events: texts },
            { stream: `${freshCategory()}-skipped`, expected: 'no-stream', events: [textEvent('skipped')] },
          ]);
          last = results.at(-1);
        }
        assert.ok(last?.status === 'appended');
        over.resolve(last.position);
        const messages = await following;
        const expected = await collect(store.readAll(options));
        assert.deepEqual(
          messages.flatMap((message) => (message.kind === 'event' ? [message.event] : [])),
          expected,
        );
        assert.deepEqual(
          messages.map(placeOf),
          messages.map(placeOf).sort((a, b) => a - b),
        );
        assert.ok(messages.filter(({ kind }) => kind === 'caught-up').length <= 1);
        assert.ok(placeOf(messages.at(-1) as SubscriptionMessage) >= last.position, 'tells what it skipped');
      },
    ),
    25,
  );

/** Every property, by name. */
export const EVENT_STORE_PROPERTIES = {
  sameAppendOnce,
  onceForEver,
  appendOnly,
  oneWinner,
  pagesAreSlices,
  filtersOnlySkip,
  followsWithoutGap,
} as const;
