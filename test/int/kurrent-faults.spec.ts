import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Append, AppendResult, SubscriptionMessage } from '@threadline/event-store/event-store';
import { collect, freshCategory, textEvent } from '@threadline/event-store/event-store-properties';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import { startStore, type StoreProcess } from '../support/store-process.js';

let server: StoreProcess;
let store: KurrentEventStore;
before(async () => {
  server = await startStore();
  store = await KurrentEventStore.open({ connectionString: server.connection() });
});
after(async () => {
  await store.close();
  await server.dispose();
});

const turn = (): Promise<void> => delay(5);

const restart = async (): Promise<void> => {
  await server.end('SIGKILL');
  await server.start();
};

describe('kill -9 of the server in the midst of appends', () => {
  it('loses nothing that was acknowledged, doubles nothing, and every append is answered in the end', async () => {
    const category = freshCategory();
    const acknowledged = new Map<string, AppendResult>();
    let stop = false;
    /** Each writes a stream of its own, event by event, at exact revisions. */
    const writer = async (stream: string): Promise<number> => {
      for (let revision = -1; ; revision++) {
        if (stop) return revision + 1;
        const event = textEvent(`${revision + 1}`);
        const expected = revision < 0 ? 'no-stream' : revision;
        const [result] = await store.append([{ stream, expected, events: [event] }]);
        assert.ok(result !== undefined && result.status !== 'wrong-revision', JSON.stringify(result));
        assert.equal(result.revision, revision + 1);
        acknowledged.set(event.id, result);
      }
    };
    const streams = Array.from({ length: 20 }, (_, i) => `${category}-${i}`);
    const writing = Promise.all(streams.map(writer));
    for (let kill = 0; kill < 3; kill++) {
      const before = acknowledged.size;
      while (acknowledged.size < before + 100) await turn();
      await restart();
    }
    const after = acknowledged.size;
    while (acknowledged.size < after + 100) await turn();
    stop = true;
    const lengths = await writing;
    const ids: string[] = [];
    for (const [i, stream] of streams.entries()) {
      const events = await collect(store.readStream(stream));
      assert.equal(events.length, lengths[i], 'as many as were acknowledged, none twice');
      for (const event of events) {
        const told = acknowledged.get(event.id);
        assert.ok(told !== undefined && told.status !== 'wrong-revision');
        assert.deepEqual([told.position, told.revision], [event.position, event.revision]);
        ids.push(event.id);
      }
    }
    assert.equal(new Set(ids).size, acknowledged.size);
  });

  it('and what was on the way is answered rightly when it is sent again', async () => {
    const stream = `${freshCategory()}-1`;
    const appends: Append[] = Array.from({ length: 50 }, (_, i) => ({
      stream,
      expected: i === 0 ? 'no-stream' : i - 1,
      events: [textEvent(`${i}`, randomUUID())],
    }));
    const [first] = await Promise.all([store.append(appends), restart()]);
    const again = await store.append(appends);
    assert.deepEqual(
      again,
      first.map((result) => ({ ...result, status: 'duplicate' })),
    );
    assert.equal((await collect(store.readStream(stream))).length, 50);
  });
});

describe('a restart of the server', () => {
  it('is not seen by a subscription, but as a pause', async () => {
    const category = freshCategory();
    const prefixes = [`${category}-`];
    const start = await store.head();
    const abort = new AbortController();
    const messages: SubscriptionMessage[] = [];
    const seen = (): number => messages.filter(({ kind }) => kind === 'event').length;
    const following = (async () => {
      for await (const message of store.subscribe({ after: start, prefixes, signal: abort.signal })) {
        messages.push(message);
      }
    })();
    const write = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        const events = [textEvent('a'), textEvent('b')];
        const [result] = await store.append([
          { stream: `${category}-${i % 3}`, expected: 'any', events },
          { stream: `${freshCategory()}-skipped`, expected: 'any', events: [textEvent('skipped')] },
        ]);
        assert.equal(result?.status, 'appended');
      }
    };
    await write();
    for (let i = 0; i < 3; i++) {
      await restart();
      await write();
      while (seen() < (i + 2) * 20) await turn();
    }
    const head = await store.head();
    const places = (): number[] =>
      messages.map((message) => (message.kind === 'event' ? message.event.position : message.position));
    while ((places().at(-1) ?? 0) < head) await turn();
    abort.abort();
    await following;
    assert.deepEqual(
      messages.flatMap((message) => (message.kind === 'event' ? [message.event] : [])),
      await collect(store.readAll({ after: start, prefixes })),
    );
    assert.deepEqual(
      places(),
      places().toSorted((a, b) => a - b),
    );
    assert.equal(messages.filter(({ kind }) => kind === 'caught-up').length, 1);
  });

  it('in the midst of a read leaves no event out', async () => {
    const stream = `${freshCategory()}-1`;
    const events = Array.from({ length: 500 }, (_, i) => textEvent(`${i} ${'x'.repeat(2_000)}`));
    await store.append([{ stream, expected: 'no-stream', events }]);
    const read: string[] = [];
    for await (const { id } of store.readStream(stream)) {
      read.push(id);
      if (read.length === 10) await restart();
    }
    assert.deepEqual(
      read,
      events.map(({ id }) => id),
    );
  });
});
