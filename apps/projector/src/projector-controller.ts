import { Controller, Inject, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { Message } from '@threadline/broker/broker';
import { KeepErrors } from '@threadline/broker/keep-errors';
import type { ModelFiles } from '@threadline/read-store/projector';
import { Projection, type Redriven } from './projection.js';
import { ADOPT, ADVANCED, REDRIVE } from './projector-topics.js';

const text = ({ body }: Message): string => new TextDecoder().decode(body);

/** What comes on the topics, to the projection. */
@Controller()
@UseFilters(KeepErrors)
export class ProjectorController {
  constructor(@Inject(Projection) private readonly projection: Projection) {}

  @MessagePattern(ADVANCED)
  advanced(): Promise<void> {
    return this.projection.advance();
  }

  @MessagePattern(REDRIVE)
  async redrive(@Payload() message: Message): Promise<Redriven | null> {
    return (await this.projection.redrive(text(message))) ?? null;
  }

  @MessagePattern(ADOPT)
  adopt(@Payload() message: Message): Promise<void> {
    return this.projection.adopt(JSON.parse(text(message)) as ModelFiles);
  }
}
