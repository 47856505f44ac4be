import { startStore } from './store-process.js';

/** A server that an adapter is tried against. */
export interface TestServer {
  readonly connection: string;
  readonly own: boolean;
  dispose(): Promise<void>;
}

/** `THREADLINE_TEST_EVENTSTORE` names a real server, such as esdb://admin:changeit@127.0.0.1:2113?tlsCAFile=…; else our own, in another process. */
export async function eventStoreServer(): Promise<TestServer> {
  const real = process.env['THREADLINE_TEST_EVENTSTORE'];
  if (real !== undefined && real !== '') {
    return { connection: real, own: false, dispose: () => Promise.resolve() };
  }
  const store = await startStore();
  return { connection: store.connection(), own: true, dispose: () => store.dispose() };
}
