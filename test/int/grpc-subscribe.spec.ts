import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, describe, it } from 'node:test';
import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  START,
  StreamDeletedError,
  streamNameFilter,
  type Filter,
  type Position,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { counted, newStream, storeOfFile } from '../support/esdb.js';

const { client } = await storeOfFile();

const finish = (type = 'last') => jsonEvent({ type, data: {} });

/** What a subscription tells until the event that ends the test. */
async function untilLast(
  subscription: AsyncIterable<ResolvedEvent> & { unsubscribe(): Promise<void> },
  last = 'last',
): Promise<string[]> {
  const told: string[] = [];
  for await (const { event } of subscription) {
    told.push(`${event?.streamId} ${event?.revision}`);
    if (event?.type === last) break;
  }
  await subscription.unsubscribe();
  return told;
}

const told = (stream: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${stream} ${from + i}`);

describe('the official client subscribes to a stream', () => {
  for (const [from, first] of [
    [START, 0],
    [2n, 3],
    [END, 4],
  ] as const) {
    it(`from ${from}: history, then what comes, and between them that it has caught up`, async () => {
      const stream = newStream();
      await client.appendToStream(stream, counted(4));
      const subscription = client.subscribeToStream(stream, { fromRevision: from });
      let before = -1;
      let seen = 0;
      subscription.on('data', () => seen++);
      subscription.on('caughtUp', () => (before = seen));
      const following = untilLast(subscription);
      await once(subscription, 'caughtUp');
      await client.appendToStream(newStream(), counted(3));
      await client.appendToStream(stream, [...counted(3), finish()]);
      assert.deepEqual(await following, told(stream, first, 7));
      assert.equal(before, 4 - first);
    });
  }

  it('that is not there yet', async () => {
    const stream = newStream();
    const subscription = client.subscribeToStream(stream);
    const following = untilLast(subscription);
    await once(subscription, 'caughtUp');
    await client.appendToStream(stream, finish());
    assert.deepEqual(await following, told(stream, 0, 0));
  });

  it('and is told when it is tombstoned', async () => {
    const stream = newStream();
    await client.appendToStream(stream, counted(1));
    const following = assert.rejects(untilLast(client.subscribeToStream(stream)), StreamDeletedError);
    await client.tombstoneStream(stream);
    await following;
  });
});

describe('the official client subscribes to $all', () => {
  it('from a position: what comes after it', async () => {
    const [a, b] = [newStream(), newStream()];
    const { position } = await client.appendToStream(a, counted(2));
    assert.ok(position);
    await client.appendToStream(b, counted(2));
    const subscription = client.subscribeToAll({ fromPosition: position });
    const following = untilLast(subscription);
    await once(subscription, 'caughtUp');
    await client.appendToStream(a, [...counted(1), finish()]);
    assert.deepEqual(await following, [...told(b, 0, 1), ...told(a, 2, 3)]);
  });

  it('from the end: only what comes', async () => {
    const stream = newStream();
    await client.appendToStream(stream, counted(2));
    const subscription = client.subscribeToAll({ fromPosition: END });
    const following = untilLast(subscription);
    await once(subscription, 'confirmation');
    await client.appendToStream(stream, [...counted(1), finish()]);
    assert.deepEqual(await following, told(stream, 2, 3));
  });

  it('and leaves no event out while others write', async () => {
    const stream = newStream();
    const options = { filter: streamNameFilter({ prefixes: [stream] }) };
    const following = untilLast(client.subscribeToAll(options));
    const writing = Array.from({ length: 20 }, async () => {
      for (let i = 0; i < 10; i++) await client.appendToStream(stream, counted(3));
    });
    await Promise.all(writing);
    await client.appendToStream(stream, finish());
    assert.deepEqual(await following, told(stream, 0, 600));
  });
});

describe('the official client filters $all', () => {
  const mark = newStream().replace('account-', '');
  const last = `last${mark}`;
  const [letters, digits] = [`abc${mark}-1`, `123${mark}-1`];
  before(async () => {
    await client.appendToStream(letters, counted(5, `made${mark}`));
    await client.appendToStream(digits, counted(5, `lost${mark}`));
    await client.appendToStream(letters, [...counted(1, `lost${mark}`), finish(last)]);
  });
  const filters: [string, Filter, string[]][] = [
    ['stream names by prefix', streamNameFilter({ prefixes: [`abc${mark}`] }), told(letters, 0, 6)],
    ['stream names by regex', streamNameFilter({ regex: `^[a-c]+${mark}` }), told(letters, 0, 6)],
    [
      'stream names by several prefixes',
      streamNameFilter({ prefixes: [`123${mark}`, `abc${mark}`, 'none'] }),
      [...told(letters, 0, 4), ...told(digits, 0, 4), ...told(letters, 5, 6)],
    ],
    [
      'event types by prefix',
      eventTypeFilter({ prefixes: [`made${mark}`, last] }),
      [...told(letters, 0, 4), ...told(letters, 6, 6)],
    ],
    [
      'event types by regex',
      eventTypeFilter({ regex: `^(made|last)${mark}$` }),
      [...told(letters, 0, 4), ...told(letters, 6, 6)],
    ],
  ];
  for (const [name, filter, expected] of filters) {
    it(`on ${name}`, async () => {
      assert.deepEqual(await untilLast(client.subscribeToAll({ filter }), last), expected);
    });
  }

  it('leaving system events out', async () => {
    await client.setStreamMetadata(newStream(), { maxCount: 3 });
    const subscription = client.subscribeToAll({ filter: excludeSystemEvents() });
    let seen = 0;
    for await (const { event } of subscription) {
      assert.ok(!event?.type.startsWith('$'));
      if (++seen === 10) break;
    }
    await subscription.unsubscribe();
  });

  it('and refuses an expression that it would read otherwise than .NET', async () => {
    const subscription = client.subscribeToAll({ filter: streamNameFilter({ regex: '\\Aabc' }) });
    await assert.rejects(untilLast(subscription), /Invalid regular expression/);
  });

  it('with checkpoints past what is skipped', async () => {
    const skipped = newStream('skipped');
    const wanted = newStream('wanted');
    const checkpoints: Position[] = [];
    const { position } = await client.appendToStream(newStream(), counted(1));
    assert.ok(position);
    const filter = streamNameFilter({
      prefixes: [wanted],
      checkpointInterval: 2,
      checkpointReached: (_, at) => void checkpoints.push(at),
    });
    const subscription = client.subscribeToAll({ fromPosition: position, filter });
    const following = untilLast(subscription);
    await once(subscription, 'caughtUp');
    for (let i = 0; i < 8; i++) await client.appendToStream(skipped, counted(32));
    const { position: end } = await client.appendToStream(wanted, finish());
    await following;
    // Every 64 events that were looked at: the client's interval times a window of 32.
    const behind = checkpoints.map(({ commit }) => commit - position.commit);
    assert.ok(behind.length >= 2 && behind.length <= 5, `${behind.join(', ')}`);
    assert.ok(checkpoints.every(({ commit }) => commit <= (end?.commit ?? 0n)));
    assert.deepEqual(
      behind,
      behind.toSorted((a, b) => Number(a - b)),
    );
  });
});
