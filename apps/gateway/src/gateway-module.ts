import { Module, type DynamicModule } from '@nestjs/common';
import type { Broker } from '@threadline/broker/broker';
import type { KafkaDeadLetters } from '@threadline/broker/kafka-dead-letters';
import { KeyDirectory } from '@threadline/platform/key-directory';
import { DeadController } from './dead-controller.js';
import { EventsController } from './events-controller.js';
import { DEAD_LETTER_BOX, EVENT_BROKER } from './gateway-parts.js';

/** What the gateway is made of. */
export interface GatewayParts {
  readonly broker: Pick<Broker, 'publish'>;
  /** The keys that are accepted. */
  readonly keys: KeyDirectory;
  /** Where a broker puts aside what cannot be taken. */
  readonly letters?: KafkaDeadLetters;
}

/** Where events come in over HTTP. */
@Module({})
export class GatewayModule {
  static of({ broker, keys, letters }: GatewayParts): DynamicModule {
    return {
      module: GatewayModule,
      controllers: letters === undefined ? [EventsController] : [EventsController, DeadController],
      providers: [
        { provide: EVENT_BROKER, useValue: broker },
        { provide: KeyDirectory, useValue: keys },
        { provide: DEAD_LETTER_BOX, useValue: letters },
      ],
    };
  }
}
