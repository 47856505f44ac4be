import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { AccessDeniedError, START, streamNameFilter, type EventStoreDBClient } from '@eventstore/db-client';
import { all, connect, counted, newStream } from '../support/esdb.js';
import { startHub, TEST_KEY, type TestHub } from '../support/hub.js';

let hub: TestHub;
let client: EventStoreDBClient;
let port: string;
before(async () => {
  hub = await startHub({ env: { THREADLINE_EVENTSTORE_PORT: '0' } });
  [, port = ''] = /^ {2}events {2}esdb:.*@127\.0\.0\.1:(\d+)\?/m.exec(hub.output()) ?? [];
  client = connect(connection());
});
after(async () => {
  await client.dispose();
  await hub.stop();
});

const connection = (key = TEST_KEY): string =>
  `esdb://any:${key}@127.0.0.1:${port}?tls=true&tlsCAFile=${hub.folder}/eventstore-ca.crt`;

const secret = 'ana.ruiz@example.org';

async function send(id: string): Promise<void> {
  const response = await hub.fetch('/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify({
      specversion: '1.0',
      id,
      source: '/email/care',
      type: 'email.received',
      time: '2026-03-02T10:15:00Z',
      data: { identifiers: [{ kind: 'email', value: secret }], content: { text: 'The zip broke again.' } },
    }),
  });
  assert.equal(response.status, 202, await response.text());
}

describe("the hub's log, read by the official client", () => {
  it('holds each event in its own stream, as it is stored: sealed', async () => {
    await send('one');
    const events = (await all(client.readAll())).flatMap(({ event }) => event ?? []);
    const [email] = events.filter(({ type }) => type === 'email.received');
    assert.ok(email);
    assert.match(email.streamId, /^interaction-/);
    assert.equal(email.isJson, true);
    const text = JSON.stringify(events.map(({ data, metadata }) => [data, metadata]));
    assert.ok(!text.includes(secret) && !text.includes('zip broke'));
    const [again] = await all(client.readStream(email.streamId));
    assert.deepEqual(again?.event, email);
  });

  it('is followed live', async () => {
    const filter = streamNameFilter({ prefixes: ['interaction-'] });
    const subscription = client.subscribeToAll({ fromPosition: START, filter });
    let seen = 0;
    subscription.on('caughtUp', () => void send('two'));
    for await (const { event } of subscription) {
      if (event?.type === 'email.received' && ++seen === 2) break;
    }
    await subscription.unsubscribe();
  });

  it('with a key that the hub made, until it is revoked', async () => {
    const made = await hub.fetch('/v1/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ scopes: ['analyse'], label: 'analyst' }),
    });
    const { id, key } = (await made.json()) as { id: string; key: string };
    const credentials = { username: 'analyst', password: key };
    const mayRead = (): Promise<boolean> =>
      all(client.readAll({ maxCount: 1, credentials })).then(
        () => true,
        (error: unknown) => !(error instanceof AccessDeniedError),
      );
    while (!(await mayRead()));
    await assert.rejects(client.appendToStream(newStream(), counted(1), { credentials }), AccessDeniedError);
    await hub.fetch(`/v1/keys/${id}`, { method: 'DELETE' });
    while (await mayRead());
  });
});

describe("the hub's log, written by the official client", () => {
  it("takes what is not the hub's own, which sees nothing of it", async () => {
    const stream = newStream();
    await client.setStreamMetadata(stream, { maxCount: 2 });
    const { position } = await client.appendToStream(stream, counted(3));
    assert.deepEqual(
      (await all(client.readStream(stream))).map(({ event }) => event?.revision),
      [1n, 2n],
    );
    const waited = await hub.fetch(`/v1/customers?q=zip&minPosition=${position?.commit}`);
    assert.equal(waited.status, 200);
    const shown = await (await hub.fetch('/v1/events')).text();
    assert.ok(!shown.includes('counted'));
    assert.deepEqual(await (await hub.fetch('/v1/parked')).json(), { parked: [] });
  });

  it('takes nothing into its own streams, nor about them', async () => {
    for (const stream of ['interaction-1', 'identity-1', 'rules-1', 'key-1', 'consent-1']) {
      await assert.rejects(client.appendToStream(stream, counted(1)), AccessDeniedError);
      await assert.rejects(client.setStreamMetadata(stream, { maxCount: 1 }), AccessDeniedError);
      await assert.rejects(client.deleteStream(stream), AccessDeniedError);
      await assert.rejects(client.tombstoneStream(stream), AccessDeniedError);
    }
  });

  it('deletes nothing', async () => {
    const stream = newStream();
    await client.appendToStream(stream, counted(1));
    await assert.rejects(client.deleteStream(stream), /UNIMPLEMENTED.*'delete'/);
    await assert.rejects(client.tombstoneStream(stream), /UNIMPLEMENTED.*'tombstone'/);
    assert.equal((await all(client.readStream(stream))).length, 1);
  });
});

describe('the port', () => {
  it('that is taken is named, and ends the hub', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const taken = String((other.address() as AddressInfo).port);
    await assert.rejects(startHub({ env: { THREADLINE_EVENTSTORE_PORT: taken } }), (error) => {
      assert.match(String(error), new RegExp(`port ${taken} .*THREADLINE_EVENTSTORE_PORT`, 's'));
      return true;
    });
    other.close();
  });
});
