import { after, describe } from 'node:test';
import { eventStoreContract } from '@threadline/event-store/event-store-contract';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import { kurrentContainer, missingDocker } from '../support/containers.js';
import { eventStoreServer, type TestServer } from '../support/event-store-servers.js';

const real = Boolean(process.env['THREADLINE_TEST_EVENTSTORE']);
// Our own server keeps more than EventStoreDB does; a real one takes appends of 1 MiB unless it is told otherwise.
const ofReal = { idempotency: 'appends', largestEvent: 1_000_000 } as const;

const on = (start: () => Promise<TestServer>) => async () => {
  const server = await start();
  const store = await KurrentEventStore.open({ connectionString: server.connection });
  return {
    store,
    dispose: async () => {
      await store.close();
      await server.dispose();
    },
  };
};

eventStoreContract(
  `KurrentEventStore on ${real ? 'THREADLINE_TEST_EVENTSTORE' : 'our own server in another process'}`,
  on(eventStoreServer),
  real ? ofReal : {},
);

// No machine of ours has a KurrentDB without Docker: skipped aloud even where servers are required.
describe('a KurrentDB in a container', { skip: (real ? undefined : missingDocker()) ?? false }, () => {
  if (real) return;
  let container: ReturnType<typeof kurrentContainer> | undefined;
  after(async () => (await container)?.dispose());
  eventStoreContract(
    'KurrentEventStore on a KurrentDB in a container',
    on(async () => {
      const { address } = await (container ??= kurrentContainer());
      const connection = `esdb://${address}?tls=false`;
      return { connection, own: false, dispose: () => Promise.resolve() };
    }),
    ofReal,
  );
});
