import { randomBytes } from 'node:crypto';
import { EventStoreDBClient, jsonEvent, type EventData } from '@eventstore/db-client';

/** EventStoreDB's own client. */
export const connect = (connection: string): EventStoreDBClient =>
  EventStoreDBClient.connectionString(connection);

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
