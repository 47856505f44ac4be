import { Controller, Get, HttpCode, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { NoQueryDto, ReadQueryDto } from '@threadline/contracts/read-queries';
import type { CustomerReads, ParkedInteraction } from '@threadline/read-store/customers/customer-reads';
import type { FastifyReply } from 'fastify';
import { CUSTOMER_READS, PROJECTOR, type ProjectorControl, type Redriven } from './api-parts.js';
import { QueryPipe } from './query-pipe.js';
import { ReadClocks } from './read-clocks.js';
import { NotFoundError } from './request-errors.js';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';

/** What the projector could not use, and again. */
@Controller('v1/parked')
@UseGuards(ScopeGuard)
@Needs('admin')
export class ParkedController {
  constructor(
    @Inject(CUSTOMER_READS) private readonly reads: CustomerReads,
    @Inject(PROJECTOR) private readonly projector: ProjectorControl,
    private readonly clocks: ReadClocks,
  ) {}

  @Get()
  async parked(
    @Query(QueryPipe) query: ReadQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ parked: ParkedInteraction[] }> {
    await this.clocks.now(query, reply);
    return { parked: await this.reads.parked() };
  }

  @Post(':interaction/redrive')
  @HttpCode(200)
  async redrive(
    @Param('interaction') interaction: string,
    @Query(QueryPipe) _none: NoQueryDto,
  ): Promise<Redriven & { interaction: string }> {
    const outcome = await this.projector.redrive(interaction);
    if (outcome === undefined) throw new NotFoundError('parked interaction');
    return { interaction, ...outcome };
  }
}
