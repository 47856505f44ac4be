import type { DynamicModule } from '@nestjs/common';
import { Intake } from '@threadline/channels/intake';
import { EventGroups } from './event-group.js';
import { IngestController, ThreadController } from './ingest-controller.js';
import { WriteHealth } from './ingest-health.js';
import { INGEST_LOG, type IngestParts } from './ingest-parts.js';
import { IngestQueue } from './ingest-queue.js';
import { watchedLog } from './watched-log.js';
import { watchedVault } from './watched-vault.js';

/** The Nest module of ingest: its handlers, on whatever broker the server is given. */
export class IngestModule {
  static of(parts: IngestParts): DynamicModule {
    const { log, vault, country, clock, onAppended, unforeseen, alone = false } = parts;
    const health = new WriteHealth();
    const watched = watchedLog(log, health, onAppended);
    const intake = new Intake({
      hash: (...parts) => vault.hash(...parts),
      ...(country !== undefined && { country }),
    });
    const queue = new IngestQueue({
      groups: new EventGroups(watched, watchedVault(vault, health)),
      intake,
      clock,
      unforeseen,
      groupsAtOnce: alone ? 2 : 1,
    });
    return {
      module: IngestModule,
      controllers: alone ? [IngestController] : [IngestController, ThreadController],
      providers: [
        { provide: IngestQueue, useValue: queue },
        { provide: INGEST_LOG, useValue: watched },
        { provide: WriteHealth, useValue: health },
      ],
    };
  }
}
