import assert from 'node:assert/strict';
import type { JsonObject } from '@threadline/domain/canonical-json';
import type { TestHub } from './hub.js';

/** What is sent of an event; `source` and `specversion` are filled in. */
export interface Sent {
  id: string;
  type: string;
  source?: string;
  time?: string;
  data?: JsonObject;
  [extension: string]: JsonObject[string] | undefined;
}

/** Sends events as one batch; every one must be taken. Answers the position. */
export async function send(
  hub: Pick<TestHub, 'fetch'>,
  events: readonly Sent[],
  query = '',
): Promise<string> {
  const batch = events.map((event) => ({ specversion: '1.0', source: '/test', ...event }));
  const response = await hub.fetch(`/v1/events${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(batch),
  });
  const answer = (await response.json()) as { rejected: unknown[]; position: string };
  assert.deepEqual([response.status, answer.rejected], [202, []]);
  return answer.position;
}

/** GET, with the answer read; the status must be as wanted. */
export async function read(hub: Pick<TestHub, 'fetch'>, path: string, status = 200): Promise<JsonObject> {
  const response = await hub.fetch(path);
  const text = await response.text();
  assert.equal(response.status, status, `${path}: ${text}`);
  return JSON.parse(text) as JsonObject;
}
