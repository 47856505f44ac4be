import { Controller, Get, Inject, Query, Res, UseGuards } from '@nestjs/common';
import { ReviewsQueryDto } from '@threadline/contracts/read-queries';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import type { CustomerReads, ReviewsPage } from '@threadline/read-store/customers/customer-reads';
import type { FastifyReply } from 'fastify';
import { CUSTOMER_READS } from './api-parts.js';
import { paged } from './found.js';
import { pageOf } from './plain-queries.js';
import { QueryPipe } from './query-pipe.js';
import { ReadClocks } from './read-clocks.js';

/** Links that wait for a person: each would bring two large customers together. */
@Controller('v1/identity/reviews')
@UseGuards(ScopeGuard)
@Needs('read')
export class ReviewsController {
  constructor(
    @Inject(CUSTOMER_READS) private readonly reads: CustomerReads,
    private readonly clocks: ReadClocks,
  ) {}

  @Get()
  async reviews(
    @Query(QueryPipe) query: ReviewsQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReviewsPage> {
    const page = pageOf(query, 50);
    await this.clocks.now(query, reply);
    return paged(this.reads.reviews(page));
  }
}
