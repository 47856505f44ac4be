import { NestFactory } from '@nestjs/core';
import { BrokerServer } from '@threadline/broker/broker-server';
import { EmbeddedBroker } from '@threadline/broker/embedded-broker';
import { runStation } from '@threadline/broker/station-worker';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { NestLogger } from '@threadline/platform/logger';
import { Projector } from '@threadline/read-store/projector';
import { SqliteVault } from '@threadline/vault/sqlite-vault';
import { Projection } from './projection.js';
import { ProjectorModule } from './projector-module.js';
import type { ProjectorWorkerData } from './projector-thread.js';

/** The composition root of the projector thread: reads the log and the vault, alone writes the read models. */
await runStation<ProjectorWorkerData>('projector', async (data, { log, tell }) => {
  const { folder, masterKey, port, follow } = data;
  const reader = SqliteLogReader.open({ folder });
  const vault = await SqliteVault.open({ folder, masterKey, readOnly: true });
  const projector = Projector.open({ folder, log: reader, vault, now: Date.now });
  const projection = new Projection(projector, tell, log);
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
});
