import { Module, type DynamicModule } from '@nestjs/common';
import { ApiModule } from '@threadline/api/api-module';
import type { ApiParts } from '@threadline/api/api-parts';
import type { Broker } from '@threadline/broker/broker';
import { GatewayModule } from '@threadline/gateway/gateway-module';
import { StatusModule } from '@threadline/platform/status-module';

type Status = Parameters<typeof StatusModule.of>[0];

/** The HTTP side of the hub: what comes in, what is read, and how it is. */
@Module({})
export class HubModule {
  static of(api: ApiParts, broker: Broker, status: Status): DynamicModule {
    return {
      module: HubModule,
      imports: [
        GatewayModule.of({ broker, keys: api.directory }),
        ApiModule.of(api),
        StatusModule.of(status),
      ],
    };
  }
}
