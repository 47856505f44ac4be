import {
  Body,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Post,
  Query,
  Req,
  Res,
  UseGuards,
  type PipeTransform,
} from '@nestjs/common';
import { EVENT_LIMIT } from '@threadline/contracts/cloudevents';
import { NoQueryDto, ReadQueryDto } from '@threadline/contracts/read-queries';
import { readRulesFile } from '@threadline/contracts/rules-file';
import type { DecidedBy } from '@threadline/domain/decision';
import { DEFAULT_RULES, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { ProblemError } from '@threadline/platform/problem';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import type { AppliedRules } from '@threadline/read-store/identity/applied-rules';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { deciderOf } from './decider.js';
import type { Decided } from './decisions.js';
import { QueryPipe } from './query-pipe.js';
import { ReadClocks } from './read-clocks.js';
import { ReadProgress } from './read-progress.js';
import { InvalidRequestError } from './request-errors.js';
import { RulesInForce } from './rules-in-force.js';

/** Rules that were put in force, as they are listed; `appliedAt` is RFC 3339. */
interface ListedRules {
  readonly name: string;
  readonly version: number;
  readonly position: string;
  readonly appliedAt: string;
  readonly by: DecidedBy | null;
}

interface RulesPage {
  /** In force: the whole file. */
  readonly rules: IdentityRules;
  /** Where they were put in force; null for the defaults that nobody has. */
  readonly position: string | null;
  /** Newest first. */
  readonly history: readonly ListedRules[];
}

/** A body that is a file of rules; everything that is wrong with it is named. */
@Injectable()
class RulesBodyPipe implements PipeTransform<Uint8Array | undefined, IdentityRules> {
  transform(body: Uint8Array = new Uint8Array()): IdentityRules {
    const { byteLength } = body;
    if (byteLength > EVENT_LIMIT)
      throw new ProblemError(
        413,
        'too-large',
        `expected at most ${EVENT_LIMIT} bytes, but ${byteLength} came`,
      );
    const read = readRulesFile(body);
    if ('rules' in read) return read.rules;
    throw new InvalidRequestError(read.problems);
  }
}

/** By which rules identity is computed. */
@Controller('v1/identity/rules')
@UseGuards(ScopeGuard)
export class RulesController {
  constructor(
    private readonly rules: RulesInForce,
    private readonly clocks: ReadClocks,
    private readonly progress: ReadProgress,
    private readonly keys: KeyDirectory,
  ) {}

  /** As far as the read models are: what was put in force since is not yet what customers are computed by. */
  @Get()
  @Needs('read')
  async read(
    @Query(QueryPipe) query: ReadQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RulesPage> {
    await this.clocks.now(query, reply);
    const reached = this.progress.position;
    const history = (await this.rules.history()).filter(({ position }) => position <= reached);
    const last = history.at(-1);
    return {
      rules: last?.rules ?? DEFAULT_RULES,
      position: last === undefined ? null : String(last.position),
      history: history.map(listed).reverse(),
    };
  }

  @Post()
  @HttpCode(202)
  @Needs('admin')
  async apply(
    @Query(QueryPipe) _none: NoQueryDto,
    @Body(RulesBodyPipe) rules: IdentityRules,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Decided> {
    const applied = await this.rules.apply(rules, deciderOf(request, this.keys));
    void reply.header('x-threadline-position', applied.position);
    return applied;
  }
}

const listed = ({ rules, position, appliedAt, by }: AppliedRules): ListedRules => ({
  name: rules.name,
  version: rules.version,
  position: String(position),
  appliedAt: new Date(appliedAt).toISOString(),
  by: by ?? null,
});
