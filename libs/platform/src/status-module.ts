import { Module, type DynamicModule } from '@nestjs/common';
import { Health } from './health.js';
import { METRICS_PAGE, StatusController, type MetricsPage } from './status-controller.js';

/** `/health/*` and `/metrics` of a process. */
@Module({})
export class StatusModule {
  static of(status: { readonly health: Health; readonly metricsPage: MetricsPage }): DynamicModule {
    return {
      module: StatusModule,
      controllers: [StatusController],
      providers: [
        { provide: Health, useValue: status.health },
        { provide: METRICS_PAGE, useValue: status.metricsPage },
      ],
    };
  }
}
