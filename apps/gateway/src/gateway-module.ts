import { Module, type DynamicModule } from '@nestjs/common';
import type { Broker } from '@threadline/broker/broker';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { EventsController } from './events-controller.js';
import { EVENT_BROKER } from './gateway-parts.js';

/** What the gateway is made of. */
export interface GatewayParts {
  readonly broker: Pick<Broker, 'publish'>;
  /** The keys that are accepted. */
  readonly keys: KeyDirectory;
}

/** Where events come in over HTTP. */
@Module({})
export class GatewayModule {
  static of({ broker, keys }: GatewayParts): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [EventsController],
      providers: [
        { provide: EVENT_BROKER, useValue: broker },
        { provide: KeyDirectory, useValue: keys },
      ],
    };
  }
}
