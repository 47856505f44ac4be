import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  BACKWARDS,
  binaryEvent,
  END,
  START,
  StreamNotFoundError,
  type AllStreamResolvedEvent,
  type EventStoreDBClient,
} from '@eventstore/db-client';
import { all, counted, newStream, storeOfFile } from '../support/esdb.js';

const { client } = await storeOfFile();

describe('the official client reads a stream', () => {
  const stream = newStream();
  before(() => client.appendToStream(stream, counted(100)));
  const indexes = async (options: Parameters<EventStoreDBClient['readStream']>[1]): Promise<number[]> =>
    (await all(client.readStream(stream, options))).map(({ event }) => Number(event?.revision));
  const range = (from: number, to: number): number[] => {
    const step = from <= to ? 1 : -1;
    return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + i * step);
  };

  it('forwards, from the start, from a revision and from the end', async () => {
    assert.deepEqual(await indexes({}), range(0, 99));
    assert.deepEqual(await indexes({ fromRevision: START, maxCount: 3 }), range(0, 2));
    assert.deepEqual(await indexes({ fromRevision: 40n, maxCount: 2 }), [40, 41]);
    assert.deepEqual(await indexes({ fromRevision: 99n }), [99]);
    assert.deepEqual(await indexes({ fromRevision: 100n }), []);
  });

  it('backwards, from the end, from a revision, from beyond and from the start', async () => {
    assert.deepEqual(await indexes({ direction: BACKWARDS, fromRevision: END }), range(99, 0));
    assert.deepEqual(await indexes({ direction: BACKWARDS, fromRevision: 1n }), [1, 0]);
    assert.deepEqual(await indexes({ direction: BACKWARDS, fromRevision: 500n, maxCount: 1 }), [99]);
    assert.deepEqual(await indexes({ direction: BACKWARDS, fromRevision: START }), [0]);
  });

  it('is told each event in full', async () => {
    const before = Date.now();
    const mine = newStream('käse');
    const [sent] = counted(1, 'тип');
    const { position } = await client.appendToStream(mine, sent ?? []);
    const [read] = await all(client.readStream(mine));
    assert.ok(read?.event);
    const { id, streamId, type, revision, created } = read.event;
    assert.deepEqual([id, streamId, type, revision], [sent?.id, mine, 'тип', 0n]);
    assert.deepEqual(read.event.position, position);
    assert.ok(created.getTime() >= before && created.getTime() <= Date.now());
    assert.equal(read.link, undefined);
  });

  it('is told that there is none', async () => {
    const missing = newStream();
    await assert.rejects(all(client.readStream(missing)), (error) => {
      assert.ok(error instanceof StreamNotFoundError);
      assert.equal(error.streamName, missing);
      return true;
    });
  });

  it('stops when it has enough, and others go on', async () => {
    const reading = client.readStream(stream);
    for await (const { event } of reading) if (event?.revision === 2n) break;
    await reading.cancel();
    assert.deepEqual(await indexes({ maxCount: 1 }), [0]);
  });
});

describe('the official client follows links', () => {
  it('to their events, where it wants to', async () => {
    const [from, to] = [newStream(), newStream()];
    await client.appendToStream(to, counted(3));
    const link = (data: string) => binaryEvent({ type: '$>', data: Buffer.from(data) });
    await client.appendToStream(from, [link(`2@${to}`), link(`7@${to}`), ...counted(1)]);
    const [target] = await all(client.readStream(to, { fromRevision: 2n }));
    const [resolved, lost, plain] = await all(client.readStream(from, { resolveLinkTos: true }));
    assert.deepEqual(resolved?.event, target?.event);
    assert.deepEqual([resolved?.link?.streamId, resolved?.link?.revision], [from, 0n]);
    assert.deepEqual([lost?.event, lost?.link?.revision], [undefined, 1n]);
    assert.deepEqual([plain?.event?.revision, plain?.link], [2n, undefined]);
    const [unresolved] = await all(client.readStream(from));
    assert.equal(unresolved?.event?.type, '$>');
  });
});

describe('the official client reads $all', () => {
  const streams = [newStream(), newStream()];
  let everything: AllStreamResolvedEvent[];
  before(async () => {
    for (const stream of streams) await client.appendToStream(stream, counted(40));
    everything = await all(client.readAll());
  });
  const positions = (events: readonly AllStreamResolvedEvent[]): (bigint | undefined)[] =>
    events.map(({ event }) => event?.position.commit);

  it('from the start, in the order of the log, system events too', () => {
    const names = everything.map(({ event }) => event?.streamId);
    assert.equal(names[0], '$settings');
    assert.equal(everything[0]?.event?.type, '$settings', 'a filter on types leaves it out as well');
    for (const stream of streams) assert.equal(names.filter((name) => name === stream).length, 40);
    const sorted = positions(everything).toSorted((a, b) => Number((a ?? 0n) - (b ?? 0n)));
    assert.deepEqual(positions(everything), sorted);
  });

  it('from a position: that event is the first forwards, and the one before it backwards', async () => {
    const fromPosition = everything[20]?.event?.position;
    assert.ok(fromPosition);
    assert.deepEqual(await all(client.readAll({ fromPosition, maxCount: 3 })), everything.slice(20, 23));
    assert.deepEqual(
      await all(client.readAll({ fromPosition, direction: BACKWARDS, maxCount: 3 })),
      everything.slice(17, 20).reverse(),
    );
  });

  it('backwards from the end', async () => {
    const read = await all(client.readAll({ direction: BACKWARDS, fromPosition: END }));
    assert.deepEqual(read, everything.toReversed());
    assert.deepEqual(await all(client.readAll({ fromPosition: END })), []);
    assert.deepEqual(await all(client.readAll({ direction: BACKWARDS, fromPosition: START })), []);
  });
});
