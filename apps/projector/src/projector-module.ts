import type { DynamicModule } from '@nestjs/common';
import { Projection } from './projection.js';
import { ProjectorController } from './projector-controller.js';

/** The Nest module of the projector: its handlers, on whatever broker the server is given. */
export class ProjectorModule {
  static of(projection: Projection): DynamicModule {
    return {
      module: ProjectorModule,
      controllers: [ProjectorController],
      providers: [{ provide: Projection, useValue: projection }],
    };
  }
}
