import { Module, type DynamicModule } from '@nestjs/common';
import { ApiModule } from '@threadline/api/api-module';
import type { ApiParts } from '@threadline/api/api-parts';
import type { Broker } from '@threadline/broker/broker';
import { GatewayModule } from '@threadline/gateway/gateway-module';

/** The HTTP side of the hub: what comes in, and what is read. */
@Module({})
export class HubModule {
  static of(api: ApiParts, broker: Broker): DynamicModule {
    return {
      module: HubModule,
      imports: [GatewayModule.of({ broker, keys: api.directory }), ApiModule.of(api)],
    };
  }
}
