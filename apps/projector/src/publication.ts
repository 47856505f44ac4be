import type { Logger } from '@threadline/platform/logger';
import { FencedError } from '@threadline/read-store/redis/errors';
import type { Lease } from '@threadline/read-store/redis/lease';
import { RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import type { Projector } from '@threadline/read-store/projector';

export interface PublicationOptions {
  readonly lease: Lease;
  /** Of the Redis that readers elsewhere read. */
  readonly url: string;
  readonly name?: string;
  readonly log: Logger;
}

/**
 * Brings what is projected here to the readers of the cluster, while this projector is the active one: the one that has
 * the lease. Whoever has lost it without knowing is refused by the Redis (`FencedError`).
 */
export class Publication {
  readonly #options: PublicationOptions;
  #token: number | undefined;
  #publisher: RedisPublisher | undefined;
  #position = 0;
  #failed = false;

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#token !== undefined;
  }

  /** Everything up to here was published from here. */
  get position(): number {
    return this.#position;
  }

  /** Takes the lease, or keeps it. To be called every second. */
  async keepLease(): Promise<void> {
    const { lease, log } = this.#options;
    const token = await lease.take();
    if (token === this.#token) return;
    this.#drop();
    this.#token = token;
    log.info({ token }, token === undefined ? 'another projector is active' : 'this projector is active');
  }

  /**
   * What fails here is the Redis: it is told once, and tried again with the next batch. Nothing is lost: what has to be
   * published is in the working copy.
   */
  async publish(projector: Pick<Projector, 'model' | 'checkpoint'>): Promise<void> {
    const { url, name, log } = this.#options;
    const token = this.#token;
    if (token === undefined) return;
    try {
      this.#publisher ??= await RedisPublisher.open({ url, token, ...(name !== undefined && { name }) });
      await this.#publisher.publish(projector.model);
      this.#position = projector.checkpoint;
      if (this.#failed) log.info('published again');
      this.#failed = false;
    } catch (error) {
      if (error instanceof FencedError) {
        this.#drop();
        log.warn({ token }, 'another projector is active');
        return;
      }
      if (!this.#failed) log.warn({ err: error }, 'what is projected could not be published');
      this.#failed = true;
    }
  }

  async close(): Promise<void> {
    const { lease } = this.#options;
    if (this.isActive) await lease.release().catch(() => undefined);
    this.#drop();
    lease.close();
  }

  #drop(): void {
    this.#publisher?.close();
    this.#publisher = undefined;
    this.#token = undefined;
  }
}
