import type { Socket } from 'node:net';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblemFilter, sendProblem } from './http-problem.js';
import { problem, PROBLEM_JSON, problemOf } from './problem.js';
import { RouteTable } from './route-table.js';
import { discardBody } from './unread-body.js';

export interface HttpAppOptions {
  /** Bytes of the largest body that is taken. */
  readonly bodyLimit: number;
  readonly logger: LoggerService | false;
  /** Told of errors that nobody foresaw. */
  readonly unforeseen: (error: unknown, route: string) => void;
  /** Told of every answer: seconds by route. */
  readonly answered: (answer: { method: string; route: string; status: number; seconds: number }) => void;
}

export interface HttpApp {
  readonly app: NestFastifyApplication;
  readonly routes: RouteTable;
  /** From now on every answer is the last of its connection. */
  drain(): void;
}

/** An identifier in a path may be as long as a header may be at all (16 KiB with Node's defaults). */
const LONGEST_PARAMETER = 16_384;

/**
 * A Nest application on Fastify as every HTTP process of ours has it: bodies come as raw buffers (whoever takes one
 * parses it), errors leave as problem documents, personal data is never cached on the way.
 */
export async function createHttpApp(module: Type | DynamicModule, options: HttpAppOptions): Promise<HttpApp> {
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimit,
    forceCloseConnections: 'idle',
    skipMiddie: true,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(reply, problemOf(error));
    },
    clientErrorHandler: refuseRequest,
  });
  const routes = new RouteTable();
  let isDraining = false;
  const fastify = adapter.getInstance();
  fastify.addHook('onRoute', ({ url, method }) => routes.add(url, method));
  fastify.addHook('onSend', async (request, reply) => {
    if (reply.statusCode === 413) await discardBody(request.raw);
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    void reply.header('x-content-type-options', 'nosniff');
    if (isDraining) void reply.header('connection', 'close');
  });
  fastify.addHook('onResponse', async (request, reply) => {
    options.answered({
      method: request.method,
      route: request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown'),
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    });
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    bodyParser: false,
    logger: options.logger,
    abortOnError: false,
  });
  app.useGlobalFilters(new HttpProblemFilter(routes, options.unforeseen));
  return { app, routes, drain: () => void (isDraining = true) };
}

/** What is not HTTP, or whose headers are too large, never becomes a request. */
function refuseRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const refused = problem(status, 'bad-request', 'what came is not a request that can be read');
  const body = JSON.stringify(refused);
  socket.end(
    `HTTP/1.1 ${status} ${refused.title}\r\nContent-Type: ${PROBLEM_JSON}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
