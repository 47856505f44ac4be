import { parentPort, workerData } from 'node:worker_threads';
import { SCOPES } from '@threadline/platform/auth';
import { KeyDirectory } from '@threadline/platform/key-directory';
import type { Append, AppendResult } from '../event-store.js';
import { SqliteLogReader } from '../sqlite-log-reader.js';
import {
  errorOf,
  failureOf,
  type EndpointAnswer,
  type EndpointMessage,
  type EndpointWorkerData,
} from './endpoint-thread.js';
import { serveEventStore } from './event-store-server.js';
import { followKeys } from './followed-keys.js';
import { serverCertificate } from './server-certificate.js';

const tell = (message: EndpointMessage): void => parentPort?.postMessage(message);

/** Appends that the log's writer has not answered yet. */
const waiting = new Map<number, PromiseWithResolvers<AppendResult[]>>();
let calls = 0;

function append(appends: readonly Append[]): Promise<AppendResult[]> {
  const answer = Promise.withResolvers<AppendResult[]>();
  const call = ++calls;
  waiting.set(call, answer);
  tell({ kind: 'append', call, appends });
  return answer.promise;
}

async function start({ folder, port, bootstrapKey, ownCategories, follow }: EndpointWorkerData) {
  const reader = SqliteLogReader.open({ folder });
  follow.on('message', () => reader.poke());
  const stop = new AbortController();
  const directory = new KeyDirectory();
  if (bootstrapKey !== undefined) directory.admit(bootstrapKey, { id: 'bootstrap', scopes: SCOPES });
  // Which keys are in force is not known any more: the thread ends, and its owner with it.
  await followKeys(reader, directory, stop.signal, (error) => {
    if (!stop.signal.aborted) throw error;
  });
  const server = await serveEventStore({
    port,
    certificate: await serverCertificate(folder, Date.now()),
    log: reader,
    append,
    callerOf: (key) => directory.callerOf(key),
    ownership: { ownCategories },
    unforeseen: (error) => tell({ kind: 'unforeseen', message: failureOf(error).message }),
  });
  return {
    port: server.port,
    close: async () => {
      await server.close();
      stop.abort();
      await reader.close();
      follow.close();
    },
  };
}

const data = workerData as EndpointWorkerData;
try {
  const endpoint = await start(data);
  parentPort?.on('message', (message: EndpointAnswer) => {
    if (message.kind === 'stop') {
      void endpoint.close().finally(() => parentPort?.close());
      return;
    }
    const answer = waiting.get(message.call);
    waiting.delete(message.call);
    if (message.kind === 'appended') answer?.resolve(message.results);
    else answer?.reject(errorOf(message.failure));
  });
  tell({ kind: 'ready', port: endpoint.port });
} catch (error) {
  tell({ kind: 'failed', failure: failureOf(error) });
  data.follow.close();
  parentPort?.close();
}
