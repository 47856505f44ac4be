import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after } from 'node:test';
import { EventStoreDBClient, jsonEvent, type EventData } from '@eventstore/db-client';
import { startStore, type StoreProcess } from './store-process.js';

/** EventStoreDB's own client. */
export const connect = (connection: string): EventStoreDBClient =>
  EventStoreDBClient.connectionString(connection);

/** A store for the tests of one file, and EventStoreDB's own client on it; both end with the file. */
export async function storeOfFile(): Promise<{ store: StoreProcess; client: EventStoreDBClient }> {
  const store = await startStore();
  const client = connect(store.connection());
  after(async () => {
    await client.dispose();
    await store.end('SIGTERM');
    // Whatever the clients did wrong here, or left half done, is no fault of the server.
    assert.doesNotMatch(store.printed(), /a call failed/);
    await store.dispose();
  });
  return { store, client };
}

/** A stream that nobody else uses. */
export const newStream = (category = 'account'): string => `${category}-${randomBytes(8).toString('hex')}`;

/** JSON events that count up from 0. */
export const counted = (count: number, type = 'counted'): EventData[] =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index } }));

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
