import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ThreadlineError } from './errors.js';
import type { RouteTable } from './route-table.js';

/** A problem document (RFC 9457) and what goes round it. */
export interface HttpProblem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Members that an error may carry into its document, and one that becomes a header. */
interface Extras {
  readonly code?: unknown;
  readonly problems?: unknown;
  readonly rejected?: unknown;
  readonly retryAfter?: unknown;
}

/** What a caller is told of an error. Of what nobody foresaw, only that it happened. */
export function httpProblemOf(error: unknown): HttpProblem {
  const status = statusOf(error);
  const { code, problems, rejected, retryAfter } = (error ?? {}) as Extras;
  const told = status < 500 || error instanceof ThreadlineError;
  return {
    status,
    headers: status === 503 ? { 'retry-after': String(typeof retryAfter === 'number' ? retryAfter : 1) } : {},
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      ...(told && error instanceof Error && { detail: error.message }),
      ...(told && typeof code === 'string' && { code }),
      ...(Array.isArray(problems) && { problems: problems as unknown[] }),
      ...(Array.isArray(rejected) && { rejected: rejected as unknown[] }),
    },
  };
}

function statusOf(error: unknown): number {
  if (error instanceof ThreadlineError) return error.status ?? 500;
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 600 ? statusCode : 500;
}

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
    const problem = request.is404 && isNotFound(error) ? this.#unknownRoute(request) : httpProblemOf(error);
    if (problem.status === 500) this.unforeseen(error, request.routeOptions.url ?? 'unknown');
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    void reply
      .code(problem.status)
      .headers(problem.headers)
      .type('application/problem+json')
      .send(problem.body);
  }

  #unknownRoute({ method, url }: FastifyRequest): HttpProblem {
    const path = url.split('?', 1)[0] ?? url;
    const allowed = this.routes.methodsOf(path);
    const status = allowed.length === 0 ? 404 : 405;
    const detail =
      status === 404
        ? 'there is nothing at this path'
        : `${method} is not taken here, but ${allowed.join(', ')}`;
    const code = status === 404 ? 'not-found' : 'method-not-allowed';
    return {
      status,
      headers: status === 405 ? { allow: allowed.join(', ') } : {},
      body: { type: 'about:blank', title: STATUS_CODES[status], status, detail, code },
    };
  }
}

const isNotFound = (error: unknown): boolean => error instanceof HttpException && error.getStatus() === 404;
