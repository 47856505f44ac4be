import { setTimeout as delay } from 'node:timers/promises';
import type { Position } from '@threadline/event-store/event-store';
import { PATIENCE, RedisDriver, type Patience } from './driver.js';
import { modelName } from './redis-publisher.js';
import { liveMoment } from './session.js';

/** Milliseconds between two looks; longer where the Redis cannot be asked. */
const LOOK_EVERY = 20;
const PAUSE = 500;

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Told whenever more can be read. */
  readonly onPosition: (position: Position) => void;
  readonly failed: (error: unknown) => void;
}

/** How far the read models are that the active projector has published, as readers elsewhere learn of it. */
export class PublishedPosition {
  private constructor(
    private readonly driver: RedisDriver,
    private readonly model: string,
  ) {}

  /** @throws ReadStoreBusyError, ReadStoreSettingsError */
  static async open(options: {
    url: string;
    name?: string;
    patience?: Patience;
  }): Promise<PublishedPosition> {
    const { url, name, patience = PATIENCE } = options;
    return new PublishedPosition(await RedisDriver.connect(url, patience), modelName(name));
  }

  /** Undefined where nothing is complete. */
  async now(): Promise<Position | undefined> {
    return (await liveMoment(this.driver, this.model))?.position;
  }

  /**
   * Looks again and again until the signal is aborted: fifty small questions a second, which no cut connection and no
   * other projector can make a listener miss.
   */
  async follow({ signal, onPosition, failed }: FollowOptions): Promise<void> {
    let told: Position | undefined;
    while (!signal.aborted) {
      let pause = LOOK_EVERY;
      try {
        const position = await this.now();
        if (position !== undefined && position !== told) onPosition(position);
        told = position;
      } catch (error) {
        failed(error);
        pause = PAUSE;
      }
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  close(): void {
    this.driver.close();
  }
}
