import { Controller, Get, Inject, Query, Res, UseGuards } from '@nestjs/common';
import { LogQueryDto } from '@threadline/contracts/read-queries';
import type { FastifyReply } from 'fastify';
import { LOG_READER, type LogReader } from './api-parts.js';
import { EventOpener } from './event-opener.js';
import { exportLog } from './log-export.js';
import { logQueryOf } from './plain-queries.js';
import { QueryPipe } from './query-pipe.js';
import { ReadClocks } from './read-clocks.js';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import { sendText } from './send-text.js';

/** The log itself, for analysts. */
@Controller('v1/events')
@UseGuards(ScopeGuard)
@Needs('analyse')
export class LogController {
  constructor(
    @Inject(LOG_READER) private readonly log: LogReader,
    private readonly opener: EventOpener,
    private readonly clocks: ReadClocks,
  ) {}

  @Get()
  async events(@Query(QueryPipe) query: LogQueryDto, @Res() reply: FastifyReply): Promise<void> {
    const wanted = logQueryOf(query);
    const head = await this.clocks.ofLog(query, reply);
    await sendText(
      reply,
      wanted.lines ? 'application/x-ndjson' : 'application/json; charset=utf-8',
      (signal) => exportLog(this.log, this.opener, wanted, head, signal),
    );
  }
}
