import { parentPort, workerData } from 'node:worker_threads';
import { NestFactory } from '@nestjs/core';
import { BrokerServer } from '@threadline/broker/broker-server';
import { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import { SqliteEventStore } from '@threadline/event-store/sqlite-event-store';
import { exitCodeOf } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { createLogger, NestLogger, type Logger } from '@threadline/platform/logger';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { IngestModule } from './ingest-module.js';
import type { IngestWorkerData, IngestWorkerMessage } from './ingest-thread.js';
import { isFatal } from './write-errors.js';

/** The composition root of the ingest thread: opens the two stores that only it writes, and listens. */
async function start(data: IngestWorkerData, log: Logger): Promise<() => Promise<void>> {
  const { folder, masterKey, country, port, followers } = data;
  const vault = await SqliteVault.open({ folder, masterKey });
  const store = await SqliteEventStore.open({ folder });
  const module = IngestModule.of({
    log: store,
    vault,
    ...(country !== undefined && { country }),
    clock: Date.now,
    onAppended: (position) => {
      tell({ appended: position });
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
}

const tell = (message: IngestWorkerMessage): void => parentPort?.postMessage(message);

const data = workerData as IngestWorkerData;
const log = createLogger({ level: data.logLevel ?? 'info', part: 'ingest' });
try {
  const stop = await start(data, log);
  parentPort?.once('message', () => {
    void stop().finally(() => parentPort?.close());
  });
  tell({ ready: true });
} catch (error) {
  // Told, not thrown: a thread that throws while others start can take V8 down.
  const { code } = error as { code?: unknown };
  tell({
    failed: {
      message: error instanceof Error ? error.message : 'the ingest thread could not start',
      code: typeof code === 'string' ? code : 'ingest-start',
      exitCode: exitCodeOf(error),
    },
  });
  data.port.close();
}
