import { Body, Controller, Delete, Get, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import { CreateKeyDto } from '@threadline/contracts/read-keys';
import { NoQueryDto } from '@threadline/contracts/read-queries';
import type { FastifyReply } from 'fastify';
import { KEYS, type KeyService, type ListedKey } from './api-parts.js';
import { JsonBodyPipe } from './json-body-pipe.js';
import { QueryPipe } from './query-pipe.js';
import { NotFoundError } from './request-errors.js';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';

/** A key that was just made: the only time that it is shown. */
interface NewKey {
  id: string;
  key: string;
  label: string | null;
  scopes: readonly string[];
  position: string;
}

/** Who may do what. */
@Controller('v1/keys')
@UseGuards(ScopeGuard)
@Needs('admin')
export class KeysController {
  constructor(@Inject(KEYS) private readonly keys: KeyService) {}

  @Get()
  list(@Query(QueryPipe) _none: NoQueryDto): { keys: ListedKey[] } {
    return { keys: this.keys.list() };
  }

  @Post()
  async create(
    @Query(QueryPipe) _none: NoQueryDto,
    @Body(JsonBodyPipe) wanted: CreateKeyDto,
  ): Promise<NewKey> {
    const { scopes, label } = wanted;
    const made = await this.keys.create({ scopes, ...(label === undefined ? {} : { label }) });
    return { id: made.id, key: made.key, label: label ?? null, scopes, position: made.position };
  }

  @Delete(':id')
  async revoke(
    @Param('id') id: string,
    @Query(QueryPipe) _none: NoQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const position = await this.keys.revoke(id);
    if (position === undefined) throw new NotFoundError('key');
    void reply.code(204).header('x-threadline-position', position);
  }
}
