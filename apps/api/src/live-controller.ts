import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Controller, Get, Headers, Inject, Query, Res, UseGuards } from '@nestjs/common';
import { LiveQueryDto } from '@threadline/contracts/read-queries';
import { readPosition } from '@threadline/contracts/read-time';
import { allows, keyFromAuthorization } from '@threadline/platform/auth';
import { KeyDirectory } from '@threadline/platform/key-directory';
import type { CustomerReads } from '@threadline/read-store/customers/customer-reads';
import type { FastifyReply } from 'fastify';
import { CUSTOMER_READS } from './api-parts.js';
import type { LiveBlock } from './live-block.js';
import { LiveFeed, type WatchOptions } from './live-feed.js';
import { QueryPipe } from './query-pipe.js';
import { ReadClocks } from './read-clocks.js';
import { ReadProgress } from './read-progress.js';
import { InvalidRequestError, NotFoundError } from './request-errors.js';
import { Needs, ScopeGuard } from '@threadline/platform/scope-guard';

/** Proxies close what is silent for a minute, some for half of it. */
const HEARTBEAT = 15_000;
/** A watcher that takes nothing for so long is let go; it comes back with `Last-Event-ID`. */
const STALLED = 10_000;

/** The live push: server-sent events. */
@Controller('v1/live')
@UseGuards(ScopeGuard)
@Needs('read')
export class LiveController {
  constructor(
    @Inject(CUSTOMER_READS) private readonly reads: CustomerReads,
    private readonly feed: LiveFeed,
    private readonly clocks: ReadClocks,
    private readonly progress: ReadProgress,
    private readonly keys: KeyDirectory,
  ) {}

  @Get()
  async live(
    @Query(QueryPipe) query: LiveQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Headers('authorization') authorization: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const after = lastPosition(lastEventId);
    await this.clocks.now(query, reply);
    if (query.customer !== undefined && (await this.reads.customerOf(query.customer)) === undefined) {
      throw new NotFoundError('customer');
    }
    const options: WatchOptions = {
      after: after ?? this.progress.position,
      signal: gone.signal,
      ...(query.store === undefined ? {} : { store: query.store }),
      ...(query.customer === undefined ? {} : { customer: query.customer }),
    };
    begin(reply);
    if (reply.request.method === 'HEAD') return void reply.raw.end();
    await push(reply.raw, this.feed.watch(options), gone.signal, () => this.#mayWatch(authorization));
  }

  /** Asked again as long as the watcher stays: a key that was revoked hears nothing more. */
  #mayWatch(authorization: string | undefined): boolean {
    const key = keyFromAuthorization(authorization);
    const caller = key === undefined ? undefined : this.keys.callerOf(key);
    return caller !== undefined && allows(caller.scopes, 'read');
  }
}

/** The answer is ours from here: Fastify would wait for its end. */
function begin(reply: FastifyReply): void {
  void reply.headers({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // nginx would gather it.
    'x-accel-buffering': 'no',
  });
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.hijack();
  reply.raw.writeHead(200);
}

async function push(
  response: ServerResponse,
  blocks: AsyncGenerator<LiveBlock[]>,
  gone: AbortSignal,
  mayWatch: () => boolean,
): Promise<void> {
  response.write('retry: 2000\n: threadline live\n\n');
  const heartbeat = setInterval(() => {
    if (!mayWatch()) response.destroy();
    else if (!response.writableNeedDrain) response.write(': heartbeat\n\n');
  }, HEARTBEAT);
  try {
    for await (const found of blocks) {
      if (!response.write(found.map(textOf).join('')) && !(await drained(response, gone)))
        return void response.destroy();
    }
    response.end();
  } catch {
    // The headers are out: a watcher can only be cut off, and comes back where it was.
    response.destroy();
  } finally {
    clearInterval(heartbeat);
  }
}

/** False where the reader stalls or is gone. */
const drained = (response: ServerResponse, gone: AbortSignal): Promise<boolean> =>
  once(response, 'drain', { signal: AbortSignal.any([gone, AbortSignal.timeout(STALLED)]) }).then(
    () => true,
    () => false,
  );

/** One write per position: a reader that resumes after an id has either all of its messages or none. */
const textOf = ({ position, messages }: LiveBlock): string =>
  messages
    .map(({ name, data }) => `id: ${position}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
    .join('');

function lastPosition(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  const position = readPosition(header);
  if (position === undefined) {
    throw new InvalidRequestError([
      { parameter: 'Last-Event-ID', message: 'must be a position: decimal digits' },
    ]);
  }
  return position;
}
