import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  ANY,
  binaryEvent,
  DeadlineExceededError,
  jsonEvent,
  MaxAppendSizeExceededError,
  NO_STREAM,
  STREAM_EXISTS,
  WrongExpectedVersionError,
  type AppendExpectedRevision,
  type Credentials,
  type EventStoreDBClient,
} from '@eventstore/db-client';
import { TEST_KEY } from '../support/hub.js';
import { all, connect, counted, newStream, storeOfFile } from '../support/esdb.js';

/** The client sends appends that carry credentials one a call, others many on one call. */
const METHODS: readonly [name: string, options: { credentials?: Credentials }][] = [
  ['BatchAppend', {}],
  ['Append', { credentials: { username: 'whoever', password: TEST_KEY } }],
];

const { store, client } = await storeOfFile();

const lengthOf = async (stream: string): Promise<number> => (await all(client.readStream(stream))).length;

for (const [method, options] of METHODS) {
  describe(`the official client appends by ${method}`, () => {
    const append = (
      stream: string,
      events: Parameters<EventStoreDBClient['appendToStream']>[1],
      expectedRevision: AppendExpectedRevision = ANY,
    ) => client.appendToStream(stream, events, { expectedRevision, ...options });

    it('is told the revision and the position of the last event', async () => {
      const stream = newStream();
      const first = await append(stream, counted(4));
      const second = await append(stream, counted(2), 3n);
      assert.deepEqual([first.nextExpectedRevision, second.nextExpectedRevision], [3n, 5n]);
      const read = await all(client.readStream(stream));
      assert.deepEqual(read.at(3)?.event?.position, first.position);
      assert.deepEqual(read.at(5)?.event?.position, second.position);
    });

    it('gets back JSON, bytes and metadata as they were', async () => {
      const stream = newStream();
      const json = { text: '你好 ‐ ✓', nested: [1, { a: null }] };
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await append(stream, [
        jsonEvent({ type: 'json', data: json, metadata: { who: 'Kofi' } }),
        jsonEvent({ type: 'text', data: 'only a text', metadata: bytes }),
        binaryEvent({ type: 'bytes', data: bytes, metadata: { who: 'Ana' } }),
        binaryEvent({ type: 'json bytes', data: Buffer.from('{"a":1}') }),
        binaryEvent({ type: 'zero', data: Buffer.from([0]), metadata: Uint8Array.of(0, 0x62) }),
        jsonEvent({ type: 'zero', data: {}, metadata: Uint8Array.of(0, 0x62) }),
      ]);
      const read = (await all(client.readStream(stream))).map(({ event }) => event);
      assert.deepEqual(
        read.map((event) => [event?.isJson, plain(event?.data), plain(event?.metadata)]),
        [
          [true, json, { who: 'Kofi' }],
          [true, 'only a text', [...bytes]],
          [false, [...bytes], { who: 'Ana' }],
          [false, [...Buffer.from('{"a":1}')], undefined],
          [false, [0], [0, 0x62]],
          [true, {}, [0, 0x62]],
        ],
      );
    });

    it('expects any, no stream, a stream that exists, or a revision', async () => {
      const stream = newStream();
      await refused(append(stream, counted(1), STREAM_EXISTS), stream, STREAM_EXISTS, NO_STREAM);
      await refused(append(stream, counted(1), 1n), stream, 1n, NO_STREAM);
      await append(stream, counted(2), NO_STREAM);
      await refused(append(stream, counted(1), NO_STREAM), stream, NO_STREAM, 1n);
      await refused(append(stream, counted(1), 0n), stream, 0n, 1n);
      await append(stream, counted(1), STREAM_EXISTS);
      await append(stream, counted(1), ANY);
      await append(stream, counted(1), 3n);
      assert.equal(await lengthOf(stream), 5);
    });

    it('refuses -1, which is no revision', async () => {
      await assert.rejects(append(newStream(), counted(1), -1n));
    });

    it('answers an append that is sent again like the first time', async () => {
      for (const expected of [NO_STREAM, ANY] as const) {
        const stream = newStream();
        const events = counted(3);
        const first = await append(stream, events, expected);
        await append(stream, counted(2), 2n);
        assert.deepEqual(await append(stream, events, expected), first);
        assert.equal(await lengthOf(stream), 5);
      }
    });

    it('refuses an append of which a part is there', async () => {
      const stream = newStream();
      const [known] = counted(1);
      assert.ok(known);
      await append(stream, known, NO_STREAM);
      await refused(append(stream, [known, ...counted(1)], NO_STREAM), stream, NO_STREAM, 0n);
      assert.equal(await lengthOf(stream), 1);
    });

    it('is told what no log could take', async () => {
      const event = jsonEvent({ id: 'no uuid', type: 'a', data: {} });
      await assert.rejects(append(newStream(), event), /INVALID_ARGUMENT|no UUID/);
      const twice = jsonEvent({ type: 'a', data: {} });
      await assert.rejects(append(newStream(), [twice, twice]), /INVALID_ARGUMENT|twice/);
    });

    it('takes an append without events, and writes nothing', async () => {
      const stream = newStream();
      await append(stream, counted(2));
      const { nextExpectedRevision } = await append(stream, []);
      assert.equal(nextExpectedRevision, 1n);
    });

    it('is told that an append is too large', async () => {
      const data = { text: 'x'.repeat(100_000) };
      const events = Array.from({ length: 50 }, () => jsonEvent({ type: 'large', data }));
      await assert.rejects(append(newStream(), events), (error) => {
        assert.ok(error instanceof MaxAppendSizeExceededError);
        assert.equal(error.maxAppendSize, 4 * 1024 * 1024);
        return true;
      });
    });

    it('is told that the deadline is over, and nothing was written', async () => {
      const stream = newStream();
      const late = client.appendToStream(stream, counted(10_000), { deadline: 1, ...options });
      await assert.rejects(late, DeadlineExceededError);
    });

    it('keeps appends of many streams apart', async () => {
      const streams = Array.from({ length: 300 }, () => newStream());
      await Promise.all(streams.map((stream, i) => append(stream, counted((i % 3) + 1), NO_STREAM)));
      const lengths = await Promise.all(streams.map(lengthOf));
      assert.deepEqual(
        lengths,
        streams.map((_, i) => (i % 3) + 1),
      );
    });
  });
}

describe('an append in pieces', () => {
  it('is one append', async () => {
    const stream = newStream();
    const { nextExpectedRevision } = await client.appendToStream(stream, counted(2_000), {
      batchAppendSize: 1_024,
    });
    assert.equal(nextExpectedRevision, 1_999n);
    const read = await all(client.readStream(stream));
    assert.deepEqual(
      read.map(({ event }) => event?.data),
      counted(2_000).map(({ data }) => data),
    );
  });

  it('does not fail others that are on the way with it', async () => {
    const stream = newStream();
    await client.appendToStream(stream, counted(1));
    const [wrong, right] = await Promise.allSettled([
      client.appendToStream(stream, counted(1), { expectedRevision: NO_STREAM }),
      client.appendToStream(newStream(), jsonEvent({ type: 'a', data: {}, id: randomUUID() })),
    ]);
    assert.deepEqual([wrong.status, right.status], ['rejected', 'fulfilled']);
  });
});

describe('a client that is told not to throw', () => {
  it('is answered that it failed', async () => {
    const quiet = connect(`${store.connection()}&throwOnAppendFailure=false`);
    const stream = newStream();
    await quiet.appendToStream(stream, counted(1));
    const credentials: Credentials = { username: 'whoever', password: TEST_KEY };
    const options = { expectedRevision: NO_STREAM, credentials } as const;
    const { success, nextExpectedRevision } = await quiet.appendToStream(stream, counted(1), options);
    assert.deepEqual([success, nextExpectedRevision], [false, 0n]);
    await quiet.dispose();
  });
});

const plain = (value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);

async function refused(
  append: Promise<unknown>,
  stream: string,
  expected: AppendExpectedRevision,
  actual: bigint | typeof NO_STREAM,
): Promise<void> {
  await assert.rejects(append, (error) => {
    assert.ok(error instanceof WrongExpectedVersionError);
    assert.deepEqual(
      [error.streamName, error.expectedVersion, error.actualVersion],
      [stream, expected, actual],
    );
    return true;
  });
}
