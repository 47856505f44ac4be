import { NestFactory } from '@nestjs/core';
import { BrokerServer } from '@threadline/broker/broker-server';
import { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import { runStation } from '@threadline/broker/station-worker';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { EXIT } from '@threadline/platform/exit-codes';
import { NestLogger } from '@threadline/platform/logger';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { IngestModule } from './ingest-module.js';
import type { IngestWorkerData } from './ingest-thread.js';
import { isFatal } from './write-errors.js';

/** The composition root of the ingest thread: opens the two stores that only it writes, and listens. */
await runStation<IngestWorkerData>('ingest', async (data, { log, tell }) => {
  const { folder, masterKey, country, port, followers } = data;
  const vault = await SqliteVault.open({ folder, masterKey });
  const store = await SqliteEventStore.open({ folder });
  const module = IngestModule.of({
    log: store,
    vault,
    ...(country !== undefined && { country }),
    clock: Date.now,
    onAppended: (position) => {
      tell(position);
      for (const follower of followers) follower.postMessage(position);
    },
    unforeseen: (error) => {
      log.error({ err: error }, isFatal(error) ? 'the disk failed' : 'events could not be written');
      // Nothing after it can be trusted; the thread's owner ends the process with this code.
      if (isFatal(error)) process.exit(EXIT.io);
    },
  });
  const app = await NestFactory.createMicroservice(module, {
    strategy: new BrokerServer(new EmbeddedBroker(port)),
    logger: new NestLogger(log),
  });
  await app.listen();
  return async () => {
    await app.close();
    await store.close();
    await vault.close();
    for (const follower of followers) follower.close();
  };
});
