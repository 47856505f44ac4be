import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ANY,
  BACKWARDS,
  END,
  NO_STREAM,
  STREAM_EXISTS,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type StreamMetadata,
} from '@eventstore/db-client';
import { all, connect, counted, newStream, storeOfFile } from '../support/esdb.js';

const { store, client } = await storeOfFile();

const revisions = async (stream: string, backwards = false): Promise<number[]> => {
  const options = backwards ? ({ direction: BACKWARDS, fromRevision: END } as const) : {};
  return (await all(client.readStream(stream, options))).map(({ event }) => Number(event?.revision));
};

/** A stream with so many events. */
async function streamOf(events: number): Promise<string> {
  const stream = newStream();
  await client.appendToStream(stream, counted(events));
  return stream;
}

describe('the official client says of a stream', () => {
  it('anything, and reads it back', async () => {
    const stream = newStream();
    assert.deepEqual(await client.getStreamMetadata(stream), { streamName: stream });
    const metadata: StreamMetadata<{ kitten: string }> = {
      maxAge: 20_000,
      cacheControl: 15,
      truncateBefore: 1,
      maxCount: 12,
      kitten: '😾',
      acl: { readRoles: ['admin'], writeRoles: ['admin'], deleteRoles: ['admin'] },
    };
    await client.setStreamMetadata(stream, { maxCount: 1 });
    await client.setStreamMetadata(stream, metadata);
    assert.deepEqual((await client.getStreamMetadata(stream)).metadata, metadata);
    const said = await all(client.readStream(`$$${stream}`));
    assert.deepEqual(
      said.map(({ event }) => [event?.type, event?.revision]),
      [['$metadata', 1n]],
    );
  });

  it('how many events are seen, from which on, and for how long', async () => {
    const stream = await streamOf(20);
    await client.setStreamMetadata(stream, { maxCount: 2 });
    assert.deepEqual(
      [await revisions(stream), await revisions(stream, true)],
      [
        [18, 19],
        [19, 18],
      ],
    );
    await client.setStreamMetadata(stream, { truncateBefore: 17 });
    assert.deepEqual(
      [await revisions(stream), await revisions(stream, true)],
      [
        [17, 18, 19],
        [19, 18, 17],
      ],
    );
    await client.setStreamMetadata(stream, { maxAge: 3_600 });
    assert.equal((await revisions(stream)).length, 20);
    await client.setStreamMetadata(stream, { truncateBefore: 20 });
    assert.deepEqual([await revisions(stream), await revisions(stream, true)], [[], []]);
  });

  it('and all of it stays in $all', async () => {
    const stream = await streamOf(5);
    await client.setStreamMetadata(stream, { maxCount: 1 });
    const everything = await all(client.readAll());
    assert.equal(everything.filter(({ event }) => event?.streamId === stream).length, 5);
  });
});

describe('the official client deletes a stream', () => {
  it('which is then not found, and stays in $all', async () => {
    const stream = await streamOf(4);
    const { position } = await client.deleteStream(stream);
    assert.ok(position);
    await assert.rejects(all(client.readStream(stream)), StreamNotFoundError);
    await assert.rejects(revisions(stream, true), StreamNotFoundError);
    const again = await client.deleteStream(stream);
    assert.ok((again.position?.commit ?? 0n) > (position?.commit ?? 0n));
    await assert.rejects(all(client.readStream(stream)), StreamNotFoundError);
    const everything = await all(client.readAll());
    assert.equal(everything.filter(({ event }) => event?.streamId === stream).length, 4);
  });

  it('and writes it again: it goes on where it was, and what was said of it is over', async () => {
    for (const expectedRevision of [ANY, NO_STREAM, 3n] as const) {
      const stream = await streamOf(4);
      await client.setStreamMetadata(stream, { cacheControl: 5 });
      await client.deleteStream(stream);
      const events = counted(2);
      const { nextExpectedRevision } = await client.appendToStream(stream, events, { expectedRevision });
      assert.equal(nextExpectedRevision, 5n);
      assert.deepEqual(await revisions(stream), [4, 5]);
      const { metadata } = await client.getStreamMetadata(stream);
      assert.deepEqual(metadata, { truncateBefore: 4 });
      await client.appendToStream(stream, events, { expectedRevision });
      await client.appendToStream(stream, counted(1), { expectedRevision: STREAM_EXISTS });
      assert.deepEqual(await revisions(stream), [4, 5, 6]);
    }
  });

  it('by many writers at once, none of whose events is lost from sight', async () => {
    const stream = await streamOf(3);
    await Promise.all([
      client.deleteStream(stream),
      ...Array.from({ length: 10 }, () => client.appendToStream(stream, counted(1))),
    ]);
    await client.appendToStream(stream, counted(1));
    const seen = await revisions(stream);
    assert.deepEqual(
      seen,
      seen.map((_, i) => (seen[0] ?? 0) + i),
    );
    assert.equal(seen.at(-1), 13);
  });

  it('where it is what it is expected to be', async () => {
    const stream = await streamOf(4);
    const wrong = client.deleteStream(stream, { expectedRevision: 2n });
    await assert.rejects(wrong, (error) => {
      assert.ok(error instanceof WrongExpectedVersionError);
      assert.deepEqual([error.streamName, error.expectedVersion, error.actualVersion], [stream, 2n, 3n]);
      return true;
    });
    await assert.rejects(
      client.deleteStream(stream, { expectedRevision: NO_STREAM }),
      WrongExpectedVersionError,
    );
    await client.deleteStream(stream, { expectedRevision: 3n });
    await assert.rejects(revisions(stream), StreamNotFoundError);
  });

  it('that is deleted: as none, or at its last revision', async () => {
    for (const expectedRevision of [NO_STREAM, 3n, ANY] as const) {
      const [again, ended] = [await streamOf(4), await streamOf(4)];
      for (const stream of [again, ended]) await client.deleteStream(stream);
      for (const end of ['deleteStream', 'tombstoneStream'] as const) {
        const wrong = client[end](again, { expectedRevision: 2n });
        await assert.rejects(wrong, WrongExpectedVersionError);
      }
      await client.deleteStream(again, { expectedRevision });
      await assert.rejects(revisions(again), StreamNotFoundError);
      await client.tombstoneStream(ended, { expectedRevision });
      await assert.rejects(revisions(ended), StreamDeletedError);
    }
  });

  it('and says something of it: it is there again, without what was in it', async () => {
    const stream = await streamOf(4);
    await client.deleteStream(stream);
    const { nextExpectedRevision } = await client.setStreamMetadata(stream, { maxCount: 10 });
    assert.equal(nextExpectedRevision, 1n);
    assert.deepEqual(await revisions(stream), []);
    const { metadata } = await client.getStreamMetadata(stream);
    assert.deepEqual(metadata, { maxCount: 10, truncateBefore: 4 });
    await client.appendToStream(stream, counted(2), { expectedRevision: 3n });
    assert.deepEqual(await revisions(stream), [4, 5]);
  });

  it('that is not there: only where something was said of it', async () => {
    const stream = newStream();
    for (const expectedRevision of [NO_STREAM, ANY] as const) {
      await assert.rejects(client.deleteStream(stream, { expectedRevision }), WrongExpectedVersionError);
    }
    await client.setStreamMetadata(stream, { cacheControl: 10 });
    await client.deleteStream(stream, { expectedRevision: NO_STREAM });
    await client.appendToStream(stream, counted(1), { expectedRevision: NO_STREAM });
    assert.deepEqual(await revisions(stream), [0]);
  });
});

describe('the official client tombstones a stream', () => {
  const dead = (stream: string) => (error: unknown) => {
    assert.ok(error instanceof StreamDeletedError);
    assert.equal(error.streamName, stream);
    return true;
  };

  it('which is deleted for ever', async () => {
    const stream = await streamOf(4);
    await client.tombstoneStream(stream);
    await assert.rejects(revisions(stream), dead(stream));
    await assert.rejects(client.deleteStream(stream), dead(stream));
    await assert.rejects(client.tombstoneStream(stream), dead(stream));
    await assert.rejects(client.setStreamMetadata(stream, { maxCount: 1 }), StreamDeletedError);
    for (const expectedRevision of [ANY, NO_STREAM, STREAM_EXISTS, 3n, 4n] as const) {
      await assert.rejects(client.appendToStream(stream, counted(1), { expectedRevision }), dead(stream));
    }
    const everything = await all(client.readAll());
    const last = everything.filter(({ event }) => event?.streamId === stream).at(-1)?.event;
    assert.deepEqual([last?.type, last?.revision], ['$streamDeleted', 2n ** 63n - 1n]);
  });

  it('where it is what it is expected to be', async () => {
    const stream = await streamOf(4);
    for (const expectedRevision of [2n, NO_STREAM] as const) {
      await assert.rejects(client.tombstoneStream(stream, { expectedRevision }), WrongExpectedVersionError);
    }
    await client.tombstoneStream(stream, { expectedRevision: 3n });
    await assert.rejects(revisions(stream), dead(stream));
  });

  it('that is not there, and so never will be', async () => {
    const stream = newStream();
    await client.tombstoneStream(stream, { expectedRevision: NO_STREAM });
    await assert.rejects(revisions(stream), dead(stream));
    await assert.rejects(client.appendToStream(stream, counted(1)), dead(stream));
  });

  it('while others write it: nothing comes after', async () => {
    const stream = await streamOf(1);
    const writing = Array.from({ length: 20 }, () => client.appendToStream(stream, counted(1)));
    const ending = client.tombstoneStream(stream);
    const results = await Promise.allSettled(writing);
    await ending;
    const written = results.filter(({ status }) => status === 'fulfilled').length;
    const everything = await all(client.readAll());
    const mine = everything.filter(({ event }) => event?.streamId === stream);
    assert.equal(mine.length, 1 + written + 1);
    assert.equal(mine.at(-1)?.event?.type, '$streamDeleted');
  });
});

describe('after a restart', () => {
  it('what was said, deleted and tombstoned still is', async () => {
    const [said, deleted, ended] = [await streamOf(3), await streamOf(3), await streamOf(3)];
    await client.setStreamMetadata(said, { maxCount: 1 });
    await client.deleteStream(deleted);
    await client.tombstoneStream(ended);
    await store.end('SIGTERM');
    await store.start();
    const again = connect(store.connection());
    assert.deepEqual(
      (await all(again.readStream(said))).map(({ event }) => event?.revision),
      [2n],
    );
    await assert.rejects(all(again.readStream(deleted)), StreamNotFoundError);
    await assert.rejects(all(again.readStream(ended)), StreamDeletedError);
    await again.dispose();
  });
});
