import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { EventStore, Idempotency, NewEvent, SubscriptionMessage } from './event-store.js';
import { EVENT_STORE_PROPERTIES, collect, freshCategory, textEvent } from './event-store-properties.js';

/** A store to be tried, and how to be rid of it. It may hold other people's events. */
export interface StoreUnderTest {
  readonly store: EventStore;
  dispose(): Promise<void>;
}

/** What a store promises beyond the port, and how large an event it is made for. */
export interface ContractScope {
  readonly idempotency?: Idempotency;
  /** Bytes; a server has a limit of its own. */
  readonly largestEvent?: number;
}

/** Declares the tests that every adapter of the port must pass. */
export function eventStoreContract(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { idempotency = 'ids', largestEvent = 1_500_000 }: ContractScope = {},
): void {
  const uniqueIds = idempotency === 'ids';
  describe(`${name} keeps the contract of EventStore`, () => {
    let under: StoreUnderTest;
    let store: EventStore;
    before(async () => {
      under = await open();
      store = under.store;
    });
    after(() => under.dispose());
    const newStream = (): string => `${freshCategory()}-${randomUUID().replaceAll('-', '')}`;

    for (const [title, property] of Object.entries(EVENT_STORE_PROPERTIES)) {
      if (title === 'onceForEver' && !uniqueIds) continue;
      it(`property: ${title}`, () => property(store));
    }

    it('gives back every byte, with and without metadata', async () => {
      const stream = newStream();
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const events: NewEvent[] = [
        { id: randomUUID(), type: 'note.written', data: bytes },
        { id: randomUUID(), type: 'note.written', data: new Uint8Array(), metadata: bytes.subarray(7, 9) },
        {
          id: randomUUID(),
          type: '便条.写',
          data: Buffer.from('{"text":"你好"}'),
          metadata: new Uint8Array(),
        },
        { id: randomUUID(), type: 'note.written', data: Buffer.alloc(largestEvent, 'x') },
        ...[
          '{"a": 1}',
          '{"a":1}',
          '1.0',
          ' ',
          'null',
          '"x"',
          '\u0000{"a":1}',
          '{"b":1,"1":2}',
          '\ufeff{}',
        ].map((text): NewEvent => ({
          id: randomUUID(),
          type: 'note.written',
          data: Buffer.from(text),
          metadata: Buffer.from(text),
        })),
      ];
      await store.append([{ stream, expected: 'no-stream', events }]);
      const read = await collect(store.readStream(stream));
      const comparable = ({ id, type, data, metadata }: NewEvent): unknown => [
        id,
        type,
        Buffer.from(data),
        metadata === undefined || metadata.length === 0 ? undefined : Buffer.from(metadata),
      ];
      assert.deepEqual(read.map(comparable), events.map(comparable));
      assert.deepEqual(
        read.map((event) => [event.stream, event.revision]),
        events.map((_, revision) => [stream, revision]),
      );
    });

    it('answers each append alone, in order, several to one stream among them', async () => {
      const [a, b] = [newStream(), newStream()];
      const first = textEvent('first');
      const results = await store.append([
        { stream: a, expected: 'no-stream', events: [first] },
        { stream: b, expected: 3, events: [textEvent('nowhere')] },
        { stream: a, expected: 0, events: [textEvent('second'), textEvent('third')] },
        { stream: a, expected: 0, events: [textEvent('too late')] },
        { stream: a, expected: 'no-stream', events: [first] },
      ]);
      assert.deepEqual(
        results.map((result) => [
          result.status,
          result.status === 'wrong-revision' ? result.actual : result.revision,
        ]),
        [
          ['appended', 0],
          ['wrong-revision', -1],
          ['appended', 2],
          ['wrong-revision', 2],
          ['duplicate', 0],
        ],
      );
      assert.deepEqual(await collect(store.readStream(b)), []);
    });

    it('answers a repeated append like the first time, after other events too', async () => {
      const stream = newStream();
      const append = { stream, expected: 'no-stream', events: [textEvent('a'), textEvent('b')] } as const;
      const [appended] = await store.append([append]);
      await store.append([{ stream, expected: 1, events: [textEvent('c')] }]);
      const [again] = await store.append([append]);
      assert.deepEqual(again, { ...appended, status: 'duplicate' });
      if (!uniqueIds) return;
      const [part] = await store.append([
        { stream, expected: 2, events: [append.events[1], textEvent('d')] },
      ]);
      assert.deepEqual(part, { status: 'wrong-revision', actual: 2 });
    });

    it('takes one event id in two streams', async () => {
      const event = textEvent('same');
      const results = await store.append([
        { stream: newStream(), expected: 'no-stream', events: [event] },
        { stream: newStream(), expected: 'no-stream', events: [event] },
      ]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['appended', 'appended'],
      );
    });

    it('has its head at the last event', async () => {
      const [result] = await store.append([
        { stream: newStream(), expected: 'any', events: [textEvent('x')] },
      ]);
      assert.ok(result?.status === 'appended');
      assert.equal(await store.head(), result.position);
    });

    it('reads nothing from a stream that is not there', async () => {
      assert.deepEqual(await collect(store.readStream(newStream())), []);
      assert.deepEqual(await collect(store.readStream(newStream(), { direction: 'backwards' })), []);
    });

    it('stops reading when the signal is aborted, with its reason', async () => {
      const stream = newStream();
      await store.append([{ stream, expected: 'any', events: [textEvent('1'), textEvent('2')] }]);
      const abort = new AbortController();
      const reading = (async () => {
        for await (const event of store.readStream(stream, { signal: abort.signal }))
          abort.abort(new Error(event.id));
      })();
      await assert.rejects(reading, /^Error: [0-9a-f-]{36}$/);
      await assert.rejects(
        collect(store.readAll({ signal: AbortSignal.abort(new Error('no')) })),
        /^Error: no$/,
      );
    });

    it('tells a subscriber when it has caught up, once, and how far the filter skipped', async () => {
      const category = freshCategory();
      const start = await store.head();
      await store.append([{ stream: `${category}-1`, expected: 'any', events: [textEvent('history')] }]);
      const abort = new AbortController();
      const messages: SubscriptionMessage[] = [];
      let skipped: number | undefined;
      const options = { after: start, prefixes: [`${category}-`], signal: abort.signal };
      for await (const message of store.subscribe(options)) {
        messages.push(message);
        if (message.kind === 'caught-up') {
          const [result] = await store.append([
            { stream: newStream(), expected: 'any', events: [textEvent('other')] },
          ]);
          skipped = result?.status === 'appended' ? result.position : undefined;
        }
        const reached = message.kind === 'checkpoint' && skipped !== undefined && message.position >= skipped;
        if (reached) abort.abort();
      }
      assert.equal(messages.filter(({ kind }) => kind === 'event').length, 1);
      assert.equal(messages.filter(({ kind }) => kind === 'caught-up').length, 1);
    });

    it('ends a subscription that waits when its signal is aborted', async () => {
      const abort = new AbortController();
      const after = await store.head();
      for await (const { kind } of store.subscribe({ after, signal: abort.signal })) {
        if (kind === 'caught-up') setImmediate(() => abort.abort());
      }
    });

    it('shares what concurrent calls cost, and mixes nothing up', async () => {
      const streams = Array.from({ length: 200 }, newStream);
      const results = await Promise.all(
        streams.map((stream) =>
          store.append([{ stream, expected: 'no-stream', events: [textEvent(stream)] }]),
        ),
      );
      for (const [i, [result]] of results.entries()) {
        const [event] = await collect(store.readStream(streams[i] as string));
        assert.equal(result?.status === 'appended' && result.position, event?.position);
      }
    });
  });
}
