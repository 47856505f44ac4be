import { Body, Controller, HttpCode, Inject, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { normaliseIdentifier } from '@threadline/channels/normalise';
import { LinkDto, UnlinkDto } from '@threadline/contracts/decision-bodies';
import { NoQueryDto } from '@threadline/contracts/read-queries';
import type { DecisionType } from '@threadline/domain/decision';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { COUNTRY } from './api-parts.js';
import { deciderOf } from './decider.js';
import { Decisions, type Decided } from './decisions.js';
import { JsonBodyPipe } from './json-body-pipe.js';
import { QueryPipe } from './query-pipe.js';
import { InvalidRequestError } from './request-errors.js';

/** What people decide on who is who. */
@Controller('v1/identity')
@UseGuards(ScopeGuard)
@Needs('act')
export class IdentityController {
  constructor(
    private readonly decisions: Decisions,
    private readonly keys: KeyDirectory,
    @Inject(COUNTRY) private readonly country: string | undefined,
  ) {}

  @Post('links')
  @HttpCode(202)
  link(
    @Query(QueryPipe) _none: NoQueryDto,
    @Body(JsonBodyPipe) body: LinkDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Decided> {
    return this.#decide('identity.linked', body, request, reply);
  }

  @Post('unlinks')
  @HttpCode(202)
  unlink(
    @Query(QueryPipe) _none: NoQueryDto,
    @Body(JsonBodyPipe) body: UnlinkDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Decided> {
    return this.#decide('identity.unlinked', body, request, reply);
  }

  async #decide(
    type: DecisionType,
    { parties, reason, staff }: LinkDto | UnlinkDto,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Decided> {
    const key = idempotencyKey(request.headers['idempotency-key']);
    const decided = await this.decisions.decide({
      type,
      parties: parties.map(({ kind, value }) => normaliseIdentifier(kind, value, this.country)),
      by: { ...deciderOf(request, this.keys), ...(staff && { staff: { ...staff } }) },
      ...(reason !== undefined && { reason }),
      ...(key !== undefined && { key }),
    });
    void reply.header('x-threadline-position', decided.position);
    return decided;
  }
}

/** As the IETF's draft has it, a string in quotes; or bare, as most send it. */
function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text =
    /^"([\x20-\x7e]*)"$/.exec(String(header))?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? String(header);
  if (/^[\x21-\x7e]{1,255}$/.test(text)) return text;
  throw new InvalidRequestError([
    { parameter: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' },
  ]);
}
