import { Controller, Inject, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { Broker } from '@threadline/broker/broker';
import { contentModeOf, EVENT_LIMIT, REQUEST_LIMIT } from '@threadline/contracts/cloudevents';
import { DECIDES, INBOUND, WAIT, type EdgeAnswer } from '@threadline/contracts/events-answer';
import { EventsQueryDto } from '@threadline/contracts/events-query';
import { checkQuery } from '@threadline/contracts/read-validation';
import { allows } from '@threadline/platform/auth';
import { problem, PROBLEM_JSON, ProblemError } from '@threadline/platform/problem';
import { callerOf, Needs, ScopeGuard } from '@threadline/platform/scope-guard';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { EVENT_BROKER } from './gateway-parts.js';

const NO_PARAMETERS = new EventsQueryDto();
const NO_BODY = new Uint8Array();

/**
 * POST /v1/events: CloudEvents in all three modes. The body goes to ingest as it came, unread; what can be refused by
 * headers and length alone is refused here, before anybody is troubled with it.
 */
@Controller('v1/events')
@UseGuards(ScopeGuard)
@Needs('write')
export class EventsController {
  constructor(@Inject(EVENT_BROKER) private readonly broker: Pick<Broker, 'publish'>) {}

  @Post()
  async receive(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY;
    const decides = allows(callerOf(request).scopes, 'admin');
    const headers = messageHeaders(request, body.byteLength, decides);
    const [answer] = await this.broker.publish([{ topic: INBOUND, headers, body }]);
    sendAnswer(reply, answer as EdgeAnswer);
  }
}

/** The headers that tell what the body is; throws what is to be answered at once. */
function messageHeaders(
  { headers, query }: FastifyRequest,
  bytes: number,
  decides: boolean,
): Record<string, string> {
  const { mode, wait } = parametersOf(query);
  const contentType = headers['content-type'];
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw refused(415, 'unknown-content-type', 'expected a body without a content encoding');
  }
  const contentMode = contentModeOf({ contentType, headers });
  if (typeof contentMode === 'object')
    throw refused(contentMode.status, contentMode.code, contentMode.detail);
  // Whether it is a decision, which may be larger, is found out by who reads it.
  const limit = contentMode === 'batch' || decides ? REQUEST_LIMIT : EVENT_LIMIT;
  if (bytes > limit) {
    throw refused(413, 'too-large', `expected at most ${limit} bytes in this mode, but ${bytes} came`);
  }
  const told: Record<string, string> = {};
  if (contentType !== undefined) told['content-type'] = contentType;
  if (mode !== undefined) told['mode'] = mode;
  if (wait !== undefined) told[WAIT] = wait;
  if (decides) told[DECIDES] = 'true';
  if (contentMode === 'binary') {
    for (const name in headers) {
      const value = headers[name];
      if (name.startsWith('ce-') && value !== undefined)
        told[name] = typeof value === 'string' ? value : value.join(', ');
    }
  }
  return told;
}

function parametersOf(given: unknown): EventsQueryDto {
  const parameters = (given ?? {}) as Record<string, unknown>;
  // Nearly every request has none: the check costs more than all the rest here.
  if (Object.keys(parameters).length === 0) return NO_PARAMETERS;
  const { query, problems } = checkQuery(EventsQueryDto, parameters);
  if (problems.length === 0) return query;
  const detail = problems.map(({ parameter, message }) => `${parameter} ${message}`).join('; ');
  throw new ProblemError(400, 'invalid-request', detail, { problems, rejected: [] });
}

const refused = (status: number, code: string, detail: string): ProblemError =>
  new ProblemError(status, code, detail, { rejected: [] });

/** As text: the answer is written once, here. */
export function sendAnswer(reply: FastifyReply, answer: EdgeAnswer): void {
  if (answer.status === 202) {
    void reply.code(202).type('application/json; charset=utf-8').send(JSON.stringify(answer.taken));
    return;
  }
  const { status, code, detail, rejected } = answer;
  void reply
    .code(status)
    .type(PROBLEM_JSON)
    .send(JSON.stringify(problem(status, code, detail, { rejected })));
}
