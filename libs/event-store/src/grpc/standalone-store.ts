import { randomBytes, randomUUID } from 'node:crypto';
import { hashKey, newKey, SCOPES } from '@threadline/platform/auth';
import { KeyDirectory, keyStream } from '@threadline/platform/key-directory';
import { START, type NewEvent } from '../event-store.js';
import { SqliteEventStore } from '../sqlite-event-store.js';
import { serveEventStore, type EventStoreServer } from './event-store-server.js';
import { followKeys } from './followed-keys.js';
import { serverCertificate } from './server-certificate.js';

export interface StandaloneStoreOptions {
  /** The data folder; the caller holds its lock. */
  readonly folder: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** A key with every scope, besides those of the log. */
  readonly bootstrapKey: string | undefined;
  /** A fault of our own. */
  readonly unforeseen: (error: unknown) => void;
}

export interface StandaloneStore extends Pick<EventStoreServer, 'port' | 'close'> {
  /** The key that was made because there was none; shown once. */
  readonly madeKey: string | undefined;
}

/** The embedded event store without a hub, over gRPC: it stands in for a KurrentDB, so every stream may be written. */
export async function openStandaloneStore(options: StandaloneStoreOptions): Promise<StandaloneStore> {
  const { folder, port, bootstrapKey, unforeseen } = options;
  const store = await SqliteEventStore.open({ folder });
  const stop = new AbortController();
  try {
    const certificate = await serverCertificate(folder, Date.now());
    if (store.headPosition() === START) await tellRights(store);
    const directory = new KeyDirectory();
    if (bootstrapKey !== undefined) directory.admit(bootstrapKey, { id: 'bootstrap', scopes: SCOPES });
    await followKeys(store, directory, stop.signal, unforeseen);
    const active = [...directory.keys.values()].some(({ status }) => status === 'active');
    const madeKey = bootstrapKey === undefined && !active ? await makeKey(store) : undefined;
    const server = await serveEventStore({
      port,
      certificate,
      log: store,
      append: (appends) => store.append(appends),
      callerOf: (key) => directory.callerOf(key),
      ownership: 'alone',
      unforeseen,
    });
    return {
      port: server.port,
      madeKey,
      close: async () => {
        await server.close();
        stop.abort();
        await store.close();
      },
    };
  } catch (error) {
    stop.abort();
    await store.close();
    throw error;
  }
}

const jsonEvent = (type: string, data: unknown): NewEvent => ({
  id: randomUUID(),
  type,
  data: Buffer.from(JSON.stringify(data)),
});

/** A new store begins like EventStoreDB's, with a system event: here who may do what, in the form EventStoreDB keeps it. */
async function tellRights(store: SqliteEventStore): Promise<void> {
  const rights = { $r: '$all', $w: '$admins', $d: '$admins', $mr: '$all', $mw: '$admins' };
  const event = jsonEvent('$settings', { $userStreamAcl: rights, $systemStreamAcl: rights });
  await store.append([{ stream: '$settings', expected: 'no-stream', events: [event] }]);
}

async function makeKey(store: SqliteEventStore): Promise<string> {
  const id = randomBytes(16).toString('hex');
  const key = newKey();
  const label = 'made at the first start';
  const event = jsonEvent('key.created', { id, hash: hashKey(key), scopes: SCOPES, label });
  await store.append([{ stream: keyStream(id), expected: 'no-stream', events: [event] }]);
  return key;
}
