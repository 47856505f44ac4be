import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { KeyDirectory } from '@threadline/platform/key-directory';
import {
  COUNTRY,
  CUSTOMER_READS,
  KEYS,
  LOG_READER,
  PROJECTOR,
  REBUILDS,
  SUGGESTION_READS,
  type ApiParts,
} from './api-parts.js';
import { CustomersController } from './customers-controller.js';
import { Decisions } from './decisions.js';
import { EventOpener } from './event-opener.js';
import { IdentityController } from './identity-controller.js';
import { KeysController } from './keys-controller.js';
import { LastDecision } from './last-decision.js';
import { LiveController } from './live-controller.js';
import { LiveFeed } from './live-feed.js';
import { LogController } from './log-controller.js';
import { ParkedController } from './parked-controller.js';
import { ReadClocks } from './read-clocks.js';
import { ReadProgress } from './read-progress.js';
import { RebuildController } from './rebuild-controller.js';
import { RulesController } from './rules-controller.js';
import { RulesInForce } from './rules-in-force.js';
import { SuggestionsController } from './suggestions-controller.js';
import { ReviewsController } from './reviews-controller.js';

/** The HTTP API over what others have opened: who makes the parts closes them. */
@Module({})
export class ApiModule {
  static of(parts: ApiParts): DynamicModule {
    const opener = new EventOpener(parts.vault);
    const feed = new LiveFeed(
      parts.log,
      parts.reads,
      (events) => opener.clear(events),
      parts.progress,
      parts.unforeseen,
    );
    const decisions = new Decisions({
      ...parts,
      opener,
      last: new LastDecision(parts.log),
      hash: (...of) => parts.vault.hash(...of),
      now: Date.now,
    });
    const providers: Provider[] = [
      { provide: CUSTOMER_READS, useValue: parts.reads },
      { provide: SUGGESTION_READS, useValue: parts.suggestions },
      { provide: LOG_READER, useValue: parts.log },
      { provide: COUNTRY, useValue: parts.country },
      { provide: KEYS, useValue: parts.keys },
      { provide: PROJECTOR, useValue: parts.projector },
      { provide: REBUILDS, useValue: parts.rebuilds },
      { provide: ReadProgress, useValue: parts.progress },
      { provide: KeyDirectory, useValue: parts.directory },
      { provide: EventOpener, useValue: opener },
      { provide: LiveFeed, useValue: feed },
      { provide: Decisions, useValue: decisions },
      { provide: RulesInForce, useValue: new RulesInForce({ ...parts, now: Date.now }) },
      ReadClocks,
    ];
    return {
      module: ApiModule,
      controllers: [
        CustomersController,
        IdentityController,
        SuggestionsController,
        ReviewsController,
        RulesController,
        LogController,
        LiveController,
        ParkedController,
        KeysController,
        RebuildController,
      ],
      providers,
      exports: [LiveFeed],
    };
  }
}
