import { Controller, Get, Inject, Param, Query, Res, UseGuards } from '@nestjs/common';
import { normaliseIdentifier } from '@threadline/channels/normalise';
import {
  CardQueryDto,
  IdentityQueryDto,
  SearchQueryDto,
  TimelineQueryDto,
} from '@threadline/contracts/read-queries';
import type { Card } from '@threadline/projections/card';
import type { ExplainedCard } from '@threadline/projections/explanation';
import type {
  CustomerReads,
  IdentityPage,
  SearchPage,
  TimelinePage,
} from '@threadline/read-store/customers/customer-reads';
import type { FastifyReply } from 'fastify';
import { COUNTRY, CUSTOMER_READS } from './api-parts.js';
import { found, paged } from './found.js';
import { pageOf, timelineQueryOf } from './plain-queries.js';
import { QueryPipe } from './query-pipe.js';
import { ReadClocks } from './read-clocks.js';
import { NotFoundError } from './request-errors.js';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';

/** One timeline and one card per customer. */
@Controller('v1/customers')
@UseGuards(ScopeGuard)
@Needs('read')
export class CustomersController {
  constructor(
    @Inject(CUSTOMER_READS) private readonly reads: CustomerReads,
    @Inject(COUNTRY) private readonly country: string | undefined,
    private readonly clocks: ReadClocks,
  ) {}

  @Get()
  async search(
    @Query(QueryPipe) query: SearchQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SearchPage> {
    const page = pageOf(query, 20);
    await this.clocks.now(query, reply);
    const { q } = query;
    const asked = q === undefined ? {} : { q, phone: normaliseIdentifier('phone', q, this.country).value };
    return paged(this.reads.search({ ...page, ...asked }));
  }

  @Get('by/:kind/:value')
  async byIdentifier(
    @Param('kind') kind: string,
    @Param('value') value: string,
    @Query(QueryPipe) query: CardQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Card | ExplainedCard> {
    const who = normaliseIdentifier(kind, value, this.country);
    const clocks = await this.clocks.of(query, reply);
    const { reads } = this;
    return found(
      await (query.explain === 'true'
        ? reads.explainedCardByIdentifier(who.kind, who.value, clocks)
        : reads.cardByIdentifier(who.kind, who.value, clocks)),
    );
  }

  @Get(':id')
  async card(
    @Param('id') id: string,
    @Query(QueryPipe) query: CardQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Card | ExplainedCard> {
    const clocks = await this.clocks.of(query, reply);
    if (!isId(id)) throw new NotFoundError('customer');
    const explain = query.explain === 'true';
    return found(await (explain ? this.reads.explainedCard(id, clocks) : this.reads.card(id, clocks)));
  }

  @Get(':id/timeline')
  async timeline(
    @Param('id') id: string,
    @Query(QueryPipe) query: TimelineQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TimelinePage> {
    const page = timelineQueryOf(query);
    const clocks = await this.clocks.of(query, reply);
    return found(isId(id) ? await paged(this.reads.timeline(id, page, clocks)) : undefined);
  }

  @Get(':id/identity')
  async identity(
    @Param('id') id: string,
    @Query(QueryPipe) query: IdentityQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IdentityPage> {
    const page = { ...pageOf(query, 100), explain: query.explain === 'true' };
    const clocks = await this.clocks.of(query, reply);
    return found(isId(id) ? await paged(this.reads.identity(id, page, clocks)) : undefined);
  }
}

const isId = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
