import type { CustomersModel } from '../sqlite/customers-model.js';
import { CUSTOMERS } from '../sqlite/models.js';
import { PATIENCE, RedisDriver, textOf, type Patience } from './driver.js';
import { FencedError, ReadStoreBusyError } from './errors.js';
import { Keys } from './keys.js';
import { PartBatch, type Writer } from './part-batch.js';
import { RowPublication } from './row-publication.js';
import { FENCE, FENCED, SWITCH } from './scripts.js';
import { liveMoment, LostError, writeMoment, type Moment } from './session.js';
import { TouchedRows, type Published } from './touched-rows.js';

export interface RedisPublisherOptions {
  /** `redis://` or `rediss://`; of a cluster any node. */
  readonly url: string;
  /** Tells hubs apart that share a Redis. */
  readonly name?: string;
  /** Grows with each lease that a projector is given: who holds a lesser one cannot write any more. */
  readonly token: number;
  readonly patience?: Patience;
  /** Milliseconds after which it is looked whether everything is still there. */
  readonly lookEvery?: number;
}

const LOOK_EVERY = 1_000;

/** The name of the model in a Redis. */
export const modelName = (name = 'threadline'): string => `${name}:${CUSTOMERS}`;

/**
 * Brings what the projector's working copy holds to readers elsewhere: of each batch the rows that it touched, then what
 * is live. A batch is an edition, so that one that is written again changes nothing; a position would not do, as events
 * that were parked come in where the model stands already.
 *
 * A Redis that has nothing of this copy, or not all of it any more, is filled anew: a build of its own beside what is
 * there, switched to at once.
 */
export class RedisPublisher {
  private rows: TouchedRows | undefined;
  private published: Published | undefined;
  private lookedAt = -Infinity;

  private constructor(
    private readonly driver: RedisDriver,
    private readonly model: string,
    private readonly token: number,
    private readonly lookEvery: number,
  ) {}

  /** @throws FencedError, ReadStoreBusyError, ReadStoreSettingsError */
  static async open(options: RedisPublisherOptions): Promise<RedisPublisher> {
    const { url, name, token, patience = PATIENCE, lookEvery = LOOK_EVERY } = options;
    const driver = await RedisDriver.connect(url, patience);
    const publisher = new RedisPublisher(driver, modelName(name), token, lookEvery);
    try {
      await publisher.fence();
    } catch (error) {
      driver.close();
      throw error;
    }
    return publisher;
  }

  /** Whoever wrote before has lost the lease: what is live stays as it is until it is written from here. */
  private async fence(): Promise<void> {
    await this.switch('');
    const live = await liveMoment(this.driver, this.model);
    if (live === undefined) return;
    const { keys } = this.writer(live.build);
    await Promise.all(
      live.parts.map((_, part) => this.driver.script(FENCE, [keys.part(part)], [this.token])),
    );
  }

  /**
   * Publishes what the copy has more than readers elsewhere. To be called after every batch, and now and then where there
   * is none: what was lost is filled again. What fails can be called again.
   * @throws FencedError, ReadStoreBusyError
   */
  async publish(copy: CustomersModel): Promise<void> {
    if (this.rows?.model !== copy) {
      this.rows = new TouchedRows(copy);
      this.published = undefined;
      this.lookedAt = -Infinity;
    }
    try {
      await this.follow(this.rows);
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      await this.fill(this.rows).catch((again: unknown) => {
        if (!(again instanceof LostError)) throw again;
        throw new ReadStoreBusyError("the read models' Redis lost keys while it was filled", again);
      });
    }
  }

  close(): void {
    this.driver.close();
  }

  private async follow(rows: TouchedRows): Promise<void> {
    const published = this.published ?? (await this.resume(rows));
    await this.look(published);
    const { checkpoint } = rows.model;
    const isTouched = rows.isTouched();
    if (!isTouched && this.position === checkpoint) return;
    // Never that of a batch that was cut off: what is left of it may still arrive.
    const edition = isTouched ? ++this.attempted : published.edition;
    const parts = [...published.parts];
    if (isTouched) {
      const writer = this.writer(published.build);
      const batch = new PartBatch(writer, edition, parts);
      await new RowPublication(rows.model, writer.keys, batch).touched(rows.touched());
      await batch.finish();
    }
    await this.goLive(rows, { build: published.build, edition, parts });
  }

  /** Where the last projector on this copy stopped; it may have been killed before it noted what it wrote. */
  private async resume(rows: TouchedRows): Promise<Published> {
    const noted = rows.published();
    const live = await liveMoment(this.driver, this.model);
    if (noted === undefined || live === undefined || live.build !== noted.build) throw new LostError();
    if (live.edition < noted.edition) throw new LostError();
    this.position = live.position;
    this.published = { build: live.build, edition: live.edition, parts: live.parts };
    return this.published;
  }

  private position = -1;
  /** The greatest edition that was ever begun. */
  private attempted = 0;

  /** Whether the Redis still has what it was given; it may have more, of a batch whose answer never came. */
  private async look({ build, edition, parts }: Published): Promise<void> {
    if (performance.now() < this.lookedAt + this.lookEvery) return;
    const live = await liveMoment(this.driver, this.model);
    if (live === undefined || live.build !== build || live.edition < edition) throw new LostError();
    const { keys } = this.writer(build);
    await Promise.all(
      parts.map(async (expected, part) => {
        const [found] = await this.driver.atOnce([['hget', keys.part(part), 'edition']]);
        const there = Number(textOf(found));
        if (there < expected) throw new LostError();
        this.attempted = Math.max(this.attempted, there, live.edition);
      }),
    );
    this.lookedAt = performance.now();
  }

  /** A build of everything, beside what is live until it is complete. */
  private async fill(rows: TouchedRows): Promise<void> {
    const build = TouchedRows.newBuild(this.token);
    const writer = this.writer(build);
    await Promise.all(
      TouchedRows.NONE.map((_, part) =>
        this.driver.atOnce([['hset', writer.keys.part(part), 'token', this.token, 'edition', 0]]),
      ),
    );
    const edition = (this.attempted = 1);
    const parts = [...TouchedRows.NONE];
    const batch = new PartBatch(writer, edition, parts);
    await new RowPublication(rows.model, writer.keys, batch).everything();
    await batch.finish(true);
    await this.goLive(rows, { build, edition, parts });
    await this.removeOthers(writer.keys);
  }

  private async goLive(rows: TouchedRows, published: Published): Promise<void> {
    const moment: Moment = { ...published, position: rows.model.checkpoint };
    await this.switch(writeMoment(moment));
    rows.done(published);
    this.published = published;
    this.position = moment.position;
  }

  private async switch(live: string): Promise<void> {
    const answer = await this.driver.script(SWITCH, [Keys.pointer(this.model)], [this.token, live]);
    if (textOf(answer) === FENCED) throw new FencedError(this.token);
  }

  /** Builds that were live before, or never came so far. One of a later lease is not ours to remove. */
  private async removeOthers(keys: Keys): Promise<void> {
    await this.driver.remove(Keys.allOf(this.model), (key) => {
      const build = keys.buildOf(key);
      return build === keys.build || Number.parseInt(build, 10) > this.token;
    });
  }

  private writer(build: string): Writer {
    return { driver: this.driver, keys: new Keys(this.model, build), token: this.token };
  }
}
