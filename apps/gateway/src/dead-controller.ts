import { Controller, Delete, Get, Inject, Param, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Broker } from '@threadline/broker/broker';
import type { DeadLetter, KafkaDeadLetters } from '@threadline/broker/kafka-dead-letters';
import { ADDED } from '@threadline/channels/kafka-binding';
import { DECIDES, INBOUND, type EdgeAnswer } from '@threadline/contracts/events-answer';
import { DeadQueryDto } from '@threadline/contracts/events-query';
import { checkQuery } from '@threadline/contracts/read-validation';
import { ProblemError } from '@threadline/platform/problem';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendAnswer } from './events-controller.js';
import { DEAD_LETTER_BOX, EVENT_BROKER } from './gateway-parts.js';

/** How many are listed unless it is said. */
const LISTED = 100;

/** What could not be taken from Kafka: listed, sent again as it was or mended, dropped. Of cluster mode. */
@Controller('v1/dead')
@UseGuards(ScopeGuard)
@Needs('admin')
export class DeadController {
  constructor(
    @Inject(DEAD_LETTER_BOX) private readonly letters: KafkaDeadLetters,
    @Inject(EVENT_BROKER) private readonly broker: Pick<Broker, 'publish'>,
  ) {}

  @Get()
  async list(@Query() given: Record<string, unknown>): Promise<object> {
    const { query, problems } = checkQuery(DeadQueryDto, given);
    if (problems.length > 0) {
      const detail = problems.map(({ parameter, message }) => `${parameter} ${message}`).join('; ');
      throw new ProblemError(400, 'invalid-request', detail, { problems });
    }
    const letters = await this.letters.list();
    return { total: letters.length, letters: letters.slice(0, Number(query.limit ?? LISTED)).map(shown) };
  }

  @Get(':id')
  async one(@Param('id') id: string): Promise<object> {
    return shown(await this.#found(id));
  }

  /** Without a body as it came; with one, a mended event (structured), which is answered like any other. */
  @Post(':id/redrive')
  async redrive(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const mended = Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : undefined;
    if (mended === undefined) {
      if (!(await this.letters.redrive(id))) throw missing();
      await reply.code(202).send({ id, redriven: true });
      return;
    }
    const letter = await this.#found(id);
    const mode = letter.headers[ADDED.mode];
    const headers = {
      'content-type': 'application/cloudevents+json',
      [DECIDES]: 'true',
      ...(mode !== undefined && { mode }),
    };
    const [answer] = (await this.broker.publish([{ topic: INBOUND, headers, body: mended }])) as EdgeAnswer[];
    if (answer?.status === 202) await this.letters.settle(id);
    sendAnswer(reply, answer as EdgeAnswer);
  }

  @Delete(':id')
  async drop(@Param('id') id: string): Promise<object> {
    await this.#found(id);
    await this.letters.settle(id);
    return { id, dropped: true };
  }

  async #found(id: string): Promise<DeadLetter> {
    const letter = await this.letters.find(id);
    if (letter === undefined) throw missing();
    return letter;
  }
}

const missing = (): ProblemError => new ProblemError(404, 'not-found', 'there is no such dead letter');

/** The body as JSON where it is that; else `body`, base64. */
function shown({ body, ...letter }: DeadLetter): object {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  try {
    return { ...letter, event: JSON.parse(bytes.toString('utf8')) as unknown };
  } catch {
    return { ...letter, event: null, body: bytes.toString('base64') };
  }
}
