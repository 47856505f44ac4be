import { Inject, Injectable } from '@nestjs/common';
import type { CustomerQueryDto, ReadQueryDto } from '@threadline/contracts/read-queries';
import type { Clocks } from '@threadline/read-store/customers/customer-reads';
import type { FastifyReply } from 'fastify';
import { LOG_READER, type LogReader } from './api-parts.js';
import { clocksOf, wholeNumber } from './plain-queries.js';
import { ReadProgress } from './read-progress.js';

const HEADER = 'x-threadline-position';

/** When a read is answered, and of which time: every read goes through here first. */
@Injectable()
export class ReadClocks {
  constructor(
    @Inject(LOG_READER) private readonly log: LogReader,
    private readonly progress: ReadProgress,
  ) {}

  /** Waits for `minPosition` and writes where the read models are on the answer. */
  async now(query: ReadQueryDto, reply: FastifyReply): Promise<void> {
    await this.#reach(wholeNumber(query.minPosition, 0), reply);
  }

  /**
   * The same, with the two clocks. What was recorded up to `knownAt` is waited for: the answer of a past moment must not
   * depend on how far the projector is.
   */
  async of(query: CustomerQueryDto, reply: FastifyReply): Promise<Clocks> {
    const clocks = clocksOf(query, (time) => this.log.positionAt(time));
    const recorded = clocks.knownAt === undefined ? 0 : Math.min(clocks.knownAt, this.log.headPosition());
    await this.#reach(Math.max(wholeNumber(query.minPosition, 0), recorded), reply);
    return clocks;
  }

  /** For reads of the log itself: the projector has no part in them. Gives the head. */
  async ofLog(query: ReadQueryDto, reply: FastifyReply): Promise<number> {
    const wanted = wholeNumber(query.minPosition, 0);
    const head = this.log.headPosition();
    if (wanted > head) await this.#reach(wanted, reply);
    const position = Math.max(head, this.log.headPosition());
    void reply.header(HEADER, String(position));
    return position;
  }

  async #reach(position: number, reply: FastifyReply): Promise<void> {
    void reply.header(HEADER, String(this.progress.position));
    void reply.header(HEADER, String(await this.progress.reach(position)));
  }
}
