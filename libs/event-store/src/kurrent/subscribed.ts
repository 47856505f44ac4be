import { START, type Position, type SubscribeOptions, type SubscriptionMessage } from '../event-store.js';
import type { Driver, Told } from './driver.js';
import { passes } from './filters.js';
import { Retries, stepsInTime, type Patience } from './patience.js';

/**
 * Milliseconds without news after which the log is looked at for what the filter skips: often until the subscription has
 * caught up, which only this may tell. Afterwards a look is a price that the server and all who follow a rare kind of event pay.
 */
const IDLE = { shortest: 50, longest: 1_000 };

/** Events that one such look takes: the server itself tells of longer gaps. */
const LOOK = 64;

/**
 * One subscription over any number of the driver's. Positions only grow: what comes again after a cut is not told
 * again. A server tells of skipped events every few hundred only, so whatever is behind those is looked up when idle.
 */
export class Subscribed {
  readonly #driver: Driver;
  readonly #options: SubscribeOptions;
  readonly #patience: Patience;
  readonly #ended: AbortSignal;
  #position: Position;
  #caughtUp = false;
  #idle = IDLE.shortest;

  constructor(driver: Driver, options: SubscribeOptions, patience: Patience, ended: AbortSignal) {
    this.#driver = driver;
    this.#options = options;
    this.#patience = patience;
    this.#ended = ended;
    this.#position = options.after ?? START;
  }

  async *messages(): AsyncGenerator<SubscriptionMessage, void, void> {
    const retries = new Retries('a subscription', this.#patience);
    while (!this.#ended.aborted) {
      const { told, stop } = this.#driver.follow(this.#position, this.#options);
      this.#ended.addEventListener('abort', stop);
      try {
        for (;;) {
          const message = await told.next(this.#idle);
          if (this.#ended.aborted) return;
          if (message === undefined) break;
          if (message !== 'idle') {
            retries.succeeded();
            this.#idle = this.#afterNews();
          }
          for (const news of message === 'idle' ? await this.#lookAhead() : this.#news(message)) {
            yield news;
            if (this.#ended.aborted) return;
          }
        }
        await retries.failed(new Error('the server ended it'), { forEver: true, signal: this.#ended });
      } catch (error) {
        if (this.#ended.aborted) return;
        await retries.failed(error, { forEver: true, signal: this.#ended });
      } finally {
        stop();
        this.#ended.removeEventListener('abort', stop);
      }
    }
  }

  #news(told: Told): SubscriptionMessage[] {
    switch (told.kind) {
      case 'event': {
        const { event } = told;
        if (event.position <= this.#position || !passes(this.#options, event)) return [];
        this.#position = event.position;
        return [{ kind: 'event', event }];
      }
      case 'checkpoint':
        return this.#checkpoint(told.position);
      case 'caught-up':
        return this.#catchUp();
      default:
        told satisfies never;
        return [];
    }
  }

  #checkpoint(position: Position): SubscriptionMessage[] {
    if (position <= this.#position) return [];
    this.#position = position;
    return [{ kind: 'checkpoint', position }];
  }

  #catchUp(): SubscriptionMessage[] {
    if (this.#caughtUp) return [];
    this.#caughtUp = true;
    return [{ kind: 'caught-up', position: this.#position }];
  }

  #afterNews(): number {
    return this.#caughtUp ? IDLE.longest : IDLE.shortest;
  }

  /**
   * Up to where nothing passes: whatever passes will come by itself, and is never overtaken. Where that is the end of
   * the log, history is over, also where the server is too old to say so.
   */
  async #lookAhead(): Promise<SubscriptionMessage[]> {
    let through = this.#position;
    let seen = 0;
    let awaited = false;
    for await (const event of stepsInTime(this.#driver.after(through, LOOK), this.#patience.answer)) {
      seen++;
      awaited = passes(this.#options, event);
      if (awaited) break;
      through = event.position;
    }
    const news = this.#checkpoint(through);
    this.#idle = news.length > 0 ? this.#afterNews() : Math.min(this.#idle * 2, IDLE.longest);
    if (seen < LOOK && !awaited) news.push(...this.#catchUp());
    return news;
  }
}
