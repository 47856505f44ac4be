import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  AccessDeniedError,
  jsonEvent,
  NO_STREAM,
  persistentSubscriptionToStreamSettingsFromDefaults,
  type Credentials,
} from '@eventstore/db-client';
import { hashKey, newKey, type Scope } from '@threadline/platform/auth';
import { TEST_KEY } from '../support/hub.js';
import { all, connect, counted, newStream, storeOfFile } from '../support/esdb.js';
import { startStore } from '../support/store-process.js';

const { store, client } = await storeOfFile();

const withKey = (key: string): { credentials: Credentials } => ({
  credentials: { username: 'analyst', password: key },
});

/** A key is an event like any other. */
async function makeKey(...scopes: Scope[]): Promise<string> {
  const key = newKey();
  const id = hashKey(key).slice(0, 32);
  const event = jsonEvent({ type: 'key.created', data: { id, hash: hashKey(key), scopes } });
  await client.appendToStream(`key-${id}`, event, { expectedRevision: NO_STREAM });
  return key;
}

describe('keys', () => {
  it('`analyse` reads and does not write, `admin` does both, others do neither', async () => {
    const stream = newStream();
    await client.appendToStream(stream, counted(2));
    const [analyse, admin, read] = [
      await makeKey('analyse'),
      await makeKey('admin'),
      await makeKey('read', 'write'),
    ];
    for (const key of [analyse, admin]) {
      assert.equal((await all(client.readStream(stream, withKey(key)))).length, 2);
      assert.ok((await all(client.readAll({ maxCount: 3, ...withKey(key) }))).length > 0);
    }
    await client.appendToStream(stream, counted(1), withKey(admin));
    await client.deleteStream(stream, withKey(admin));
    for (const key of [analyse, read]) {
      await assert.rejects(client.appendToStream(stream, counted(1), withKey(key)), AccessDeniedError);
      await assert.rejects(client.deleteStream(stream, withKey(key)), AccessDeniedError);
      await assert.rejects(client.tombstoneStream(stream, withKey(key)), AccessDeniedError);
    }
    await assert.rejects(all(client.readStream(stream, withKey(read))), AccessDeniedError);
  });

  it('an unknown one, or none, is not authenticated', async () => {
    const nobody = /UNAUTHENTICATED/;
    await assert.rejects(all(client.readAll({ maxCount: 1, ...withKey(newKey()) })), nobody);
    await assert.rejects(client.appendToStream(newStream(), counted(1), withKey('short')), nobody);
    const anonymous = connect(store.connection().replace(/any:[^@]*@/, ''));
    await assert.rejects(all(anonymous.readAll()), nobody);
    await assert.rejects(anonymous.appendToStream(newStream(), counted(1)), nobody);
    await anonymous.dispose();
    const good = connect(store.connection(newKey()));
    assert.ok(await all(good.readAll({ maxCount: 1, ...withKey(TEST_KEY) })));
    await assert.rejects(all(good.readAll({ maxCount: 1 })), nobody);
    await good.dispose();
  });

  it('a revoked one is worth nothing', async () => {
    const key = await makeKey('analyse');
    const id = hashKey(key).slice(0, 32);
    const subscription = client.subscribeToStream(`key-${id}`);
    await client.appendToStream(`key-${id}`, jsonEvent({ type: 'key.revoked', data: { id } }));
    for await (const { event } of subscription) if (event?.type === 'key.revoked') break;
    await subscription.unsubscribe();
    const refused = async (): Promise<boolean> =>
      all(client.readAll({ maxCount: 1, ...withKey(key) })).then(
        () => false,
        (error: unknown) => error instanceof AccessDeniedError,
      );
    while (!(await refused()));
  });

  it('what is for admins in `$acl` is not read by others', async () => {
    const stream = newStream();
    const analyse = await makeKey('analyse');
    await client.appendToStream(stream, counted(1));
    await client.setStreamMetadata(stream, { acl: { readRoles: ['$admins'] } });
    assert.equal((await all(client.readStream(stream))).length, 1);
    await assert.rejects(all(client.readStream(stream, withKey(analyse))), /PERMISSION_DENIED/);
    await assert.rejects(all(client.subscribeToStream(stream, withKey(analyse))), /PERMISSION_DENIED/);
    await client.setStreamMetadata(stream, { acl: { readRoles: ['$all'] } });
    assert.equal((await all(client.readStream(stream, withKey(analyse)))).length, 1);
  });
});

describe('the connection', () => {
  it('is TLS under a certificate of its own, whose key nobody else can read', async () => {
    const mode = (file: string): number => statSync(join(store.folder, file)).mode & 0o777;
    assert.equal(mode('eventstore.key'), 0o600);
    assert.ok(!existsSync(join(store.folder, 'eventstore-ca.key')));
    const trusting = readFileSync(join(store.folder, 'eventstore-ca.crt'), 'utf8');
    await store.end('SIGTERM');
    await store.start();
    assert.equal(readFileSync(join(store.folder, 'eventstore-ca.crt'), 'utf8'), trusting);
    const strangers = connect(store.connection().replace(/&tlsCAFile=.*/, ''));
    await assert.rejects(all(strangers.readAll({ maxCount: 1 })), /self-signed|unable to/i);
    await strangers.dispose();
  });

  it('is found by gossip, under both its names', async () => {
    const found = connect(store.connection().replace('esdb://', 'esdb+discover://'));
    assert.ok((await all(found.readAll({ maxCount: 1 }))).length > 0);
    await found.dispose();
    const named = connect(store.connection().replace('127.0.0.1', 'localhost'));
    assert.ok((await all(named.readAll({ maxCount: 1 }))).length > 0);
    await named.dispose();
  });
});

describe('the store alone', () => {
  it('runs whatever the mode says, makes a key where there is none, and takes its folder for itself', async () => {
    const env = { THREADLINE_MODE: 'cluster', THREADLINE_BOOTSTRAP_KEY: '' };
    const other = await startStore(env);
    const [, key = ''] = /any:([^@]+)@/.exec(other.printed()) ?? [];
    const admin = connect(other.connection(key));
    await admin.appendToStream(newStream(), counted(1));
    await admin.dispose();
    await other.end('SIGTERM');
    assert.equal(other.process().exitCode, 0);
    await other.start();
    assert.match(other.printed(), /any:<key>@/, 'it is shown once');
    await assert.rejects(startStore({ THREADLINE_DATA: other.folder }), /held by another hub/);
    await other.dispose();
  });
});

describe('what is not supported', () => {
  it('is named', async () => {
    await assert.rejects(client.listProjections(), /UNIMPLEMENTED.*projections\.Projections\/Statistics/);
    await assert.rejects(
      client.createPersistentSubscriptionToStream(
        newStream(),
        'group',
        persistentSubscriptionToStreamSettingsFromDefaults(),
      ),
      /UNIMPLEMENTED.*PersistentSubscriptions\/Create/,
    );
  });

  it('is named as well where the client asks for it over HTTP/1.1', async () => {
    await assert.rejects(client.listAllPersistentSubscriptions(), /UNIMPLEMENTED: GET \/subscriptions /);
    const tracked = client.createProjection('p', 'fromAll()', { trackEmittedStreams: true });
    await assert.rejects(tracked, /UNIMPLEMENTED: POST \/projections\/continuous\?/);
  });
});
