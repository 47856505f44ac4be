import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';
import { startIngest } from './ingest-thread.js';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'threadline-thread-'));

const message = (id: string): { topic: string; headers: Record<string, string>; body: Uint8Array } => ({
  topic: INBOUND,
  headers: { 'content-type': 'application/cloudevents+json' },
  body: Buffer.from(JSON.stringify({ specversion: '1.0', id, source: '/s', type: 'a.b' })),
});

describe('the ingest thread', () => {
  it('answers requests and appends, tells its followers, and ends when it is closed', async () => {
    const data = await folder();
    const { port1, port2 } = new MessageChannel();
    const followed: number[] = [];
    port1.on('message', (position: number) => followed.push(position));
    const options = { folder: data, masterKey: randomBytes(32), logLevel: 'silent' } as const;
    const ingest = await startIngest({ ...options, followers: [port2] });
    const told: number[] = [];
    ingest.onAppended((position) => told.push(position));
    assert.deepEqual(await ingest.health(), { ready: true, reason: null });
    const [answer] = (await ingest.broker.publish([message('1')])) as [EventsAnswer];
    assert.ok(answer.status === 202 && answer.taken.accepted === 1);
    const key = {
      id: '00000000-0000-4000-8000-000000000001',
      type: 'key.created',
      data: Buffer.from('{"id":"ü"}'),
    };
    const append = { stream: 'key-1', expected: 'no-stream', events: [key] } as const;
    assert.deepEqual(await ingest.append([append]), [{ status: 'appended', position: 2, revision: 0 }]);
    assert.deepEqual(await ingest.append([append]), [{ status: 'duplicate', position: 2, revision: 0 }]);
    await assert.rejects(ingest.append([{ ...append, stream: '' }]), {
      code: 'invalid-append',
      retriable: false,
    });
    const last = ingest.broker.publish([message('2')]);
    await ingest.close();
    assert.equal(((await last) as [EventsAnswer])[0].status, 202, 'what was in flight is answered');
    assert.equal(await ingest.ended, 0);
    assert.deepEqual(told, [1, 2, 3]);
    while (followed.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(followed, [1, 2, 3]);
    port1.close();

    const again = await startIngest(options);
    const [copy] = (await again.broker.publish([message('1')])) as [EventsAnswer];
    assert.ok(
      copy.status === 202 && copy.taken.duplicates === 1 && copy.taken.position === '1',
      JSON.stringify(copy),
    );
    await again.close();
    await rm(data, { recursive: true });
  });

  it('says what kept it from starting', async () => {
    const data = await folder();
    await writeFile(
      join(data, 'log.db'),
      'this is not a database, but it is long enough to be looked at'.repeat(100),
    );
    const started = startIngest({ folder: data, masterKey: randomBytes(32), logLevel: 'silent' });
    await assert.rejects(started, { code: 'store-damaged', retriable: false, exitCode: 74 });
    await rm(data, { recursive: true });
  });
});
