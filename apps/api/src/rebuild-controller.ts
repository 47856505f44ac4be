import { Controller, HttpCode, Inject, Post, Query, Res, UseGuards } from '@nestjs/common';
import { NoQueryDto } from '@threadline/contracts/read-queries';
import type { FastifyReply } from 'fastify';
import { REBUILDS, type Rebuilds, type RebuildProgress } from './api-parts.js';
import { QueryPipe } from './query-pipe.js';
import { BusyError } from './request-errors.js';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import { sendText } from './send-text.js';

/** New read models beside the live ones, and the switch to them. */
@Controller('v1/admin')
@UseGuards(ScopeGuard)
@Needs('admin')
export class RebuildController {
  constructor(@Inject(REBUILDS) private readonly rebuilds: Rebuilds) {}

  /** The rebuild goes on to its end whether or not anybody follows it. */
  @Post('rebuild')
  @HttpCode(200)
  async rebuild(@Query(QueryPipe) _none: NoQueryDto, @Res() reply: FastifyReply): Promise<void> {
    const progress = this.rebuilds.start();
    if (progress === undefined) throw new BusyError('a rebuild is under way');
    await sendText(reply, 'application/x-ndjson', () => lines(progress));
  }
}

async function* lines(progress: AsyncIterable<RebuildProgress>): AsyncGenerator<string> {
  for await (const step of progress) yield `${JSON.stringify(step)}\n`;
}
