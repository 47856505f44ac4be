import { parentPort, workerData } from 'node:worker_threads';
import { NestFactory } from '@nestjs/core';
import { BrokerServer } from '@threadline/broker/broker-server';
import { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { exitCodeOf } from '@threadline/platform/errors';
import { createLogger, NestLogger, type Logger } from '@threadline/platform/logger';
import { Projector } from '@threadline/read-store/projector';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { Projection } from './projection.js';
import { ProjectorModule } from './projector-module.js';
import type { ProjectorWorkerData, ProjectorWorkerMessage } from './projector-thread.js';

/** The composition root of the projector thread: reads the log and the vault, alone writes the read models. */
async function start(
  { folder, masterKey, port, follow }: ProjectorWorkerData,
  log: Logger,
): Promise<() => Promise<void>> {
  const reader = SqliteLogReader.open({ folder });
  const vault = await SqliteVault.open({ folder, masterKey, readOnly: true });
  const projector = Projector.open({ folder, log: reader, vault, now: Date.now });
  const projection = new Projection(projector, (position) => tell({ projected: position }), log);
  const app = await NestFactory.createMicroservice(ProjectorModule.of(projection), {
    strategy: new BrokerServer(new EmbeddedBroker(port)),
    logger: new NestLogger(log),
  });
  await app.listen();
  follow.on('message', () => void projection.advance());
  void projection.advance();
  return async () => {
    follow.close();
    await app.close();
    await projection.close();
    await vault.close();
    await reader.close();
  };
}

const tell = (message: ProjectorWorkerMessage): void => parentPort?.postMessage(message);

const data = workerData as ProjectorWorkerData;
const log = createLogger({ level: data.logLevel ?? 'info', part: 'projector' });
try {
  const stop = await start(data, log);
  parentPort?.once('message', () => {
    void stop().finally(() => parentPort?.close());
  });
  tell({ ready: true });
} catch (error) {
  const { code } = error as { code?: unknown };
  tell({
    failed: {
      message: error instanceof Error ? error.message : 'the projector thread could not start',
      code: typeof code === 'string' ? code : 'projector-start',
      exitCode: exitCodeOf(error),
    },
  });
  data.port.close();
}
