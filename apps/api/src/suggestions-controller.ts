import { Controller, Get, Inject, Query, Res, UseGuards } from '@nestjs/common';
import { SuggestionsQueryDto } from '@threadline/contracts/read-queries';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import { DEFAULT_LEAST_SCORE } from '@threadline/projections/look-alikes/look-alikes';
import type { SuggestionPage, SuggestionReads } from '@threadline/read-store/search/suggestion-reads';
import type { FastifyReply } from 'fastify';
import { SUGGESTION_READS } from './api-parts.js';
import { found, paged } from './found.js';
import { pageOf, wholeNumber } from './plain-queries.js';
import { QueryPipe } from './query-pipe.js';
import { ReadClocks } from './read-clocks.js';

/** Who looks like one person; what becomes of it people decide. */
@Controller('v1/identity/suggestions')
@UseGuards(ScopeGuard)
@Needs('read')
export class SuggestionsController {
  constructor(
    @Inject(SUGGESTION_READS) private readonly reads: SuggestionReads,
    private readonly clocks: ReadClocks,
  ) {}

  @Get()
  async suggestions(
    @Query(QueryPipe) query: SuggestionsQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SuggestionPage> {
    await this.clocks.now(query, reply);
    const { customer, minScore } = query;
    const answer = await paged(
      this.reads.suggestions({
        ...pageOf(query, 50),
        ...(customer === undefined ? {} : { customer }),
        minScore: minScore === undefined ? DEFAULT_LEAST_SCORE : Number(minScore),
        minPosition: wholeNumber(query.minPosition, 0),
      }),
    );
    const { page, position } = found(answer);
    void reply.header('x-threadline-position', String(position));
    return page;
  }
}
