import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem, PROBLEM_JSON, problemOf, type Problem } from './problem.js';
import type { RouteTable } from './route-table.js';

/** Every error that leaves over HTTP, as a problem document; also unknown paths (404) and methods (405). */
@Catch()
export class HttpProblemFilter implements ExceptionFilter {
  constructor(
    private readonly routes: RouteTable,
    /** Told of what nobody foresaw. */
    private readonly unforeseen: (error: unknown, route: string) => void,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.raw.headersSent) return void reply.raw.destroy();
    if (request.is404 && error instanceof HttpException && error.getStatus() === 404) {
      return this.#unknownRoute(request, reply);
    }
    const told = problemOf(error);
    if (told.status === 500) this.unforeseen(error, request.routeOptions.url ?? 'unknown');
    if (told.status === 503 || told.status === 429) {
      const { retryAfter } = error as { retryAfter?: unknown };
      void reply.header('retry-after', String(typeof retryAfter === 'number' ? retryAfter : 1));
    }
    sendProblem(reply, told);
  }

  #unknownRoute({ method, url }: FastifyRequest, reply: FastifyReply): void {
    const allowed = this.routes.methodsOf(url.split('?', 1)[0] ?? url);
    // A route may itself find that there is nothing, as the one of the documents' files does.
    if (allowed.length === 0 || allowed.includes(method))
      return sendProblem(reply, problem(404, 'not-found', 'there is nothing at this path'));
    void reply.header('allow', allowed.join(', '));
    sendProblem(
      reply,
      problem(405, 'method-not-allowed', `${method} is not taken here, but ${allowed.join(', ')}`),
    );
  }
}

/** As bytes: Fastify would add a charset, which JSON's media types do not have (RFC 8259, section 11). */
export const sendProblem = (reply: FastifyReply, told: Problem): void => {
  void reply
    .code(told.status)
    .type(PROBLEM_JSON)
    .send(Buffer.from(JSON.stringify(told)));
};
