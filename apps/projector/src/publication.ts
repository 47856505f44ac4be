import type { Position } from '@threadline/event-store/event-store';
import type { Logger } from '@threadline/platform/logger';
import { FencedError } from '@threadline/read-store/redis/errors';
import type { Lease } from '@threadline/read-store/redis/lease';
import type { PublishedPosition } from '@threadline/read-store/redis/published-position';
import { RedisPublisher } from '@threadline/read-store/redis/redis-publisher';
import type { WorkingCopy } from '@threadline/read-store/redis/take-over';
import { TouchedRows } from '@threadline/read-store/redis/touched-rows';

export interface PublicationOptions {
  readonly lease: Lease;
  /** How far whoever is active has published. */
  readonly published: PublishedPosition;
  readonly copy: WorkingCopy;
  /** Of the Redis that readers elsewhere read. */
  readonly url: string;
  readonly name?: string;
  readonly log: Logger;
}

/**
 * Brings what is projected here to the readers of the cluster, while this projector is the active one: the one that has
 * the lease. Whoever has lost it without knowing is refused by the Redis (`FencedError`). While it stands by it notes what
 * it would have to publish, and forgets what another has published. To be made before anything is projected.
 */
export class Publication {
  readonly #options: PublicationOptions;
  #rows: TouchedRows;
  #token: number | undefined;
  #publisher: RedisPublisher | undefined;
  #position: Position = 0;
  #failed = false;

  constructor(options: PublicationOptions) {
    this.#options = options;
    this.#rows = new TouchedRows(options.copy.model);
  }

  get isActive(): boolean {
    return this.#token !== undefined;
  }

  /** Everything up to here was published from here. */
  get position(): Position {
    return this.#position;
  }

  /** Takes the lease, or keeps it. To be called every second. */
  async keepLease(): Promise<void> {
    const { lease, log } = this.#options;
    if (!this.isActive && (await this.#isBehind())) return;
    const token = await lease.take();
    if (token === this.#token) return;
    this.#drop();
    this.#token = token;
    log.info({ token }, token === undefined ? 'another projector is active' : 'this projector is active');
  }

  /** Who has not come as far as what is published leaves the lease to the others: it could publish nothing yet. */
  async #isBehind(): Promise<boolean> {
    const { published, copy } = this.#options;
    const position = await published.now();
    if (position === undefined) return false;
    if (position <= copy.model.checkpoint) {
      this.#noted().forget(position);
      return false;
    }
    return position <= (await copy.head());
  }

  #noted(): TouchedRows {
    const { model } = this.#options.copy;
    if (this.#rows.model !== model) this.#rows = new TouchedRows(model);
    return this.#rows;
  }

  /**
   * What fails here is the Redis: it is told once, and tried again with the next batch. Nothing is lost: what has to be
   * published is in the working copy.
   */
  async publish(): Promise<void> {
    const { url, name, log, copy } = this.#options;
    const token = this.#token;
    this.#noted();
    if (token === undefined) return;
    try {
      this.#publisher ??= await RedisPublisher.open({ url, token, ...(name !== undefined && { name }) });
      if (await this.#publisher.publish(copy)) this.#position = copy.model.checkpoint;
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
    const { lease, published } = this.#options;
    if (this.isActive) await lease.release().catch(() => undefined);
    this.#drop();
    lease.close();
    published.close();
  }

  #drop(): void {
    this.#publisher?.close();
    this.#publisher = undefined;
    this.#token = undefined;
  }
}
