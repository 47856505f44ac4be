import type { Projector } from '../projector.js';
import type { RedisPublisher } from './redis-publisher.js';

/** The projector of a cluster: folds into its own copy, and publishes each batch to readers elsewhere. */
export class PublishedProjector {
  constructor(
    private readonly projector: Projector,
    private readonly publisher: RedisPublisher,
  ) {}

  /**
   * Folds the next events in, if there are any, and publishes what readers do not have yet. Where publishing fails, the
   * next call does it: nothing that was folded in is forgotten.
   * @throws FencedError, ReadStoreBusyError
   */
  async next(): Promise<number> {
    const checkpoint = await this.projector.next();
    await this.publisher.publish(this.projector.copy);
    return checkpoint;
  }

  /** As `Projector.redrive`; readers know of it when it is answered. */
  async redrive(stream: string): ReturnType<Projector['redrive']> {
    const answer = await this.projector.redrive(stream);
    await this.publisher.publish(this.projector.copy);
    return answer;
  }
}
