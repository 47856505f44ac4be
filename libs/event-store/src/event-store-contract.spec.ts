import { randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { eventStoreContract } from './event-store-contract.js';
import { EVENT_STORE_PROPERTIES, type EventStoreProperty } from './event-store-properties.js';
import type { Append, EventStore, RecordedEvent, SubscriptionMessage } from './event-store.js';
import { SqliteEventStore, type SqliteEventStoreOptions } from './sqlite-event-store.js';
import { SqliteLogReader } from './sqlite-log-reader.js';

let root: string;
before(() => (root = mkdtempSync(join(tmpdir(), 'event-store-'))));
after(() => rmSync(root, { recursive: true }));

const newFolder = (): string => join(root, randomUUID());
const failed = (error: Error): void => assert.fail(`the store failed: ${error.message}`);

const open = (options: Partial<SqliteEventStoreOptions> = {}): Promise<SqliteEventStore> =>
  SqliteEventStore.open({ folder: newFolder(), onFatal: failed, ...options });

eventStoreContract('SqliteEventStore', async () => {
  // Merges in the midst of everything: the index is in memory, in the file, and between the two.
  const store = await open({ mergeAt: 50 });
  return { store, dispose: () => store.close() };
});

eventStoreContract('SqliteEventStore, reads by SqliteLogReader', async () => {
  const folder = newFolder();
  const store = await open({ folder, mergeAt: 50 });
  const reader = SqliteLogReader.open({ folder });
  return {
    store: {
      append: (appends) => store.append(appends),
      readStream: (stream, options) => reader.readStream(stream, options),
      readAll: (options) => reader.readAll(options),
      subscribe: (options) => reader.subscribe(options),
      head: () => reader.head(),
      close: () => reader.close(),
    },
    dispose: async () => {
      await reader.close();
      await store.close();
    },
  };
});

/** The store with some of it broken. */
function broken(store: EventStore, changes: Partial<EventStore>): EventStore {
  return {
    append: (appends) => store.append(appends),
    readStream: (stream, options) => store.readStream(stream, options),
    readAll: (options) => store.readAll(options),
    subscribe: (options) => store.subscribe(options),
    head: () => store.head(),
    close: () => store.close(),
    ...changes,
  };
}

async function* changed<T>(items: AsyncIterable<T>, change: (item: T) => readonly T[]): AsyncGenerator<T> {
  for await (const item of items) yield* change(item);
}

describe('a broken store fails the property that it breaks', () => {
  const fresh = (append: Append): Append => ({
    ...append,
    expected: 'any',
    events: append.events.map((event) => ({ ...event, id: randomUUID() })),
  });
  const twins: [keyof typeof EVENT_STORE_PROPERTIES, string, (store: EventStore) => Partial<EventStore>][] = [
    [
      'sameAppendOnce',
      'a repeated append is refused',
      (store) => ({
        append: async (appends) =>
          (await store.append(appends)).map((result) =>
            result.status === 'duplicate' ? { status: 'wrong-revision', actual: result.revision } : result,
          ),
      }),
    ],
    [
      'sameAppendOnce',
      'a repeated append is told to be new',
      (store) => ({
        append: async (appends) =>
          (await store.append(appends)).map((result) =>
            result.status === 'duplicate' ? { ...result, status: 'appended' } : result,
          ),
      }),
    ],
    [
      'onceForEver',
      'dedupe off',
      (store) => ({
        append: async (appends) => {
          const results = [];
          for (const append of appends) {
            const [result] = await store.append([append]);
            const again = result?.status === 'duplicate' ? await store.append([fresh(append)]) : [result];
            results.push(...again.filter((one) => one !== undefined));
          }
          return results;
        },
      }),
    ],
    [
      'onceForEver',
      'dedupe only while the revision fits',
      (store) => ({
        append: async (appends) =>
          (await store.append(appends)).map((result, i) =>
            result.status === 'duplicate' && appends[i]?.expected === 'no-stream'
              ? { status: 'wrong-revision', actual: result.revision }
              : result,
          ),
      }),
    ],
    [
      'oneWinner',
      'revisions not compared',
      (store) => ({
        append: (appends) => store.append(appends.map((append) => ({ ...append, expected: 'any' }))),
      }),
    ],
    [
      'appendOnly',
      'the past is rewritten',
      (store) => {
        let reads = 0;
        const rewrite = (event: RecordedEvent): RecordedEvent[] => [{ ...event, recordedAt: reads }];
        return {
          readAll: (options) => changed(store.readAll(options), (event) => (reads++, rewrite(event))),
        };
      },
    ],
    [
      'pagesAreSlices',
      'the first of a page is lost',
      (store) => ({
        readStream: (stream, options = {}) =>
          store.readStream(
            stream,
            options.from === undefined ? options : { ...options, from: options.from + 1 },
          ),
      }),
    ],
    [
      'filtersOnlySkip',
      'types are ignored',
      (store) => ({
        readAll: ({ after = 0, prefixes } = {}) =>
          store.readAll(prefixes === undefined ? { after } : { after, prefixes }),
      }),
    ],
    [
      'followsWithoutGap',
      'the first live event is lost',
      (store) => ({
        subscribe: (options) => {
          let lose = false;
          return changed(store.subscribe(options), (message): SubscriptionMessage[] => {
            if (message.kind === 'caught-up') lose = true;
            else if (message.kind === 'event' && lose) {
              lose = false;
              return [];
            }
            return [message];
          });
        },
      }),
    ],
    [
      'followsWithoutGap',
      'an event comes twice',
      (store) => ({
        subscribe: (options) =>
          changed(store.subscribe(options), (message) =>
            message.kind === 'event' ? [message, message] : [message],
          ),
      }),
    ],
  ];
  for (const [name, sabotage, breakIt] of twins) {
    it(`${name}: ${sabotage}`, async () => {
      const store = await open();
      const property: EventStoreProperty = EVENT_STORE_PROPERTIES[name];
      await assert.rejects(property(broken(store, breakIt(store))));
      await store.close();
    });
  }
});
