import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Health, type HealthAnswer } from './health.js';
import type { FastifyReply } from 'fastify';

/** What `/metrics` shows. */
export const METRICS_PAGE = Symbol('MetricsPage');

/** Renders the figures, with the content type of their format. */
export type MetricsPage = () => Promise<{ contentType: string; text: string }>;

/** How the process is: open to whoever can reach it, and without a word on any customer. */
@Controller()
export class StatusController {
  constructor(
    @Inject(Health) private readonly health: Health,
    @Inject(METRICS_PAGE) private readonly metricsPage: MetricsPage,
  ) {}

  @Get('health/live')
  async live(@Res() reply: FastifyReply): Promise<void> {
    await answer(reply, await this.health.live());
  }

  @Get('health/ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    await answer(reply, await this.health.ready());
  }

  @Get('metrics')
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    const { contentType, text } = await this.metricsPage();
    await reply.header('content-type', contentType).send(text);
  }
}

const answer = async (reply: FastifyReply, { status, body }: HealthAnswer): Promise<void> => {
  await reply.code(status).type('application/json; charset=utf-8').send(body);
};
