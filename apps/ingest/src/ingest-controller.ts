import { Controller, Inject, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { Message } from '@threadline/broker/broker';
import { KeepErrors } from '@threadline/broker/keep-errors';
import { INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';
import type { AppendResult } from '@threadline/event-store/event-store';
import { APPENDS, readAppends } from './append-message.js';
import { HEALTH, WriteHealth, type IngestHealth } from './ingest-health.js';
import { IngestQueue } from './ingest-queue.js';
import { INGEST_LOG } from './ingest-parts.js';
import type { IngestLog } from './interaction-states.js';

/** Events, wherever they come from. Once a message, never once an event. */
@Controller()
@UseFilters(KeepErrors)
export class IngestController {
  constructor(@Inject(IngestQueue) private readonly queue: IngestQueue) {}

  @MessagePattern(INBOUND)
  receive(@Payload() message: Message): Promise<EventsAnswer> {
    return this.queue.submit(message);
  }
}

/** What only the process asks that hosts us: in cluster mode nobody does. */
@Controller()
@UseFilters(KeepErrors)
export class ThreadController {
  constructor(
    @Inject(INGEST_LOG) private readonly log: IngestLog,
    @Inject(WriteHealth) private readonly health: WriteHealth,
  ) {}

  @MessagePattern(APPENDS)
  append(@Payload() message: Message): Promise<AppendResult[]> {
    return this.log.append(readAppends(message.body));
  }

  @MessagePattern(HEALTH)
  state(): IngestHealth {
    return this.health.state;
  }
}
