import { eventStoreContract } from '@threadline/event-store/event-store-contract';
import { KurrentEventStore } from '@threadline/event-store/kurrent-event-store';
import { eventStoreServer } from '../support/event-store-servers.js';

const real = Boolean(process.env['THREADLINE_TEST_EVENTSTORE']);

// Our own server keeps more than EventStoreDB does; a real one takes appends of 1 MiB unless it is told otherwise.
eventStoreContract(
  `KurrentEventStore on ${real ? 'THREADLINE_TEST_EVENTSTORE' : 'our own server in another process'}`,
  async () => {
    const server = await eventStoreServer();
    const store = await KurrentEventStore.open({ connectionString: server.connection });
    return {
      store,
      dispose: async () => {
        await store.close();
        await server.dispose();
      },
    };
  },
  real ? { idempotency: 'appends', largestEvent: 1_000_000 } : {},
);
