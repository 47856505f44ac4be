import { randomBytes } from 'node:crypto';
import { CUSTOMERS } from '../sqlite/models.js';
import { PATIENCE, RedisDriver, textOf, type Patience } from './driver.js';
import { FencedError, ReadStoreBusyError } from './errors.js';
import { Keys, PARTS } from './keys.js';
import { PartBatch, type Writer } from './part-batch.js';
import { RowPublication } from './row-publication.js';
import { FENCE, FENCED, LOST, SWITCH } from './scripts.js';
import { liveMoment, LostError, writeMoment, type Moment } from './session.js';
import { agree, type WorkingCopy } from './take-over.js';
import { TouchedRows } from './touched-rows.js';

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
 * Working copies at one position have the same rows, whatever batches they were written in. So the build that another
 * projector began is gone on with: what was touched here since the position that is live is published, and that takes in
 * whatever the other had written of a batch that it did not finish (`reached`).
 *
 * A Redis that has nothing, or not all of it any more, is filled anew: a build of its own beside what is there, switched to at
 * once. So is one whose build this copy cannot go on with: it was rebuilt, does not know what it touched since, or has
 * numbered or parked something else.
 */
export class RedisPublisher {
  private rows: TouchedRows | undefined;
  /** What is live, by this publisher. */
  private published: Moment | undefined;
  private lookedAt = -Infinity;
  /** The greatest edition that was ever begun. */
  private attempted = 0;
  /** Up to where whoever published before has written anything. */
  private reached = 0;
  /** Removes what earlier builds left. */
  private tidying: Promise<void> = Promise.resolve();

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
    const reached = await Promise.all(
      live.parts.map(async (_, part) =>
        textOf(await this.driver.script(FENCE, [keys.part(part)], [this.token])),
      ),
    );
    this.reached = Math.max(live.position, ...reached.filter((at) => at !== LOST).map(Number));
  }

  /**
   * Publishes what the copy has more than readers elsewhere. To be called after every batch, and now and then where there
   * is none: what was lost is filled again. What fails can be called again. Answers whether readers have all of it now:
   * not while the copy has still to come as far as what another projector has published.
   * @throws FencedError, ReadStoreBusyError
   */
  async publish(copy: WorkingCopy): Promise<boolean> {
    if (this.rows?.model !== copy.model) {
      this.rows = new TouchedRows(copy.model);
      this.published = undefined;
      this.lookedAt = -Infinity;
    }
    try {
      return await this.follow(this.rows, copy);
    } catch (error) {
      if (!(error instanceof LostError)) throw error;
      await this.fill(this.rows).catch((again: unknown) => {
        if (!(again instanceof LostError)) throw again;
        throw new ReadStoreBusyError("the read models' Redis lost keys while it was filled", again);
      });
      return true;
    }
  }

  close(): void {
    this.driver.close();
  }

  private async follow(rows: TouchedRows, copy: WorkingCopy): Promise<boolean> {
    const published = (this.published ??= await this.goOn(rows, copy));
    if (published === undefined) return false;
    await this.look(published);
    const { checkpoint } = rows.model;
    const isTouched = rows.isTouched();
    if (!isTouched && published.position === checkpoint) return true;
    // Never that of a batch that was cut off: what is left of it may still arrive.
    const edition = isTouched ? ++this.attempted : published.edition;
    const parts = [...published.parts];
    if (isTouched) {
      const writer = this.writer(published.build);
      const batch = new PartBatch(writer, edition, checkpoint, parts);
      await new RowPublication(rows.model, writer.keys, batch).touched(rows.touched());
      await batch.finish();
    }
    await this.goLive(rows, { build: published.build, edition, parts, position: checkpoint });
    return true;
  }

  /** What is live, where this copy can go on with it; undefined: not yet. */
  private async goOn(rows: TouchedRows, copy: WorkingCopy): Promise<Moment | undefined> {
    const { driver, model, reached } = this;
    const live = await liveMoment(driver, model);
    if (live === undefined) throw new LostError();
    if (rows.model.checkpoint < Math.max(live.position, reached)) {
      // Ahead of a log that was put back from a copy nobody ever comes.
      if ((await copy.head()) < live.position) throw new LostError();
      return undefined;
    }
    if (rows.since === undefined || rows.since > live.position) throw new LostError();
    rows.forget(live.position);
    const { keys } = this.writer(live.build);
    await agree({ driver, keys, rows, copy, reached });
    await this.tidy(keys);
    return live;
  }

  /** Whether the Redis still has what it was given; it may have more, of a batch whose answer never came. */
  private async look({ build, edition, parts }: Moment): Promise<void> {
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
    await this.tidying;
    const build = `${this.token}-${randomBytes(5).toString('hex')}`;
    const writer = this.writer(build);
    const pointer = Keys.pointer(this.model);
    await this.driver.atOnce([['hset', pointer, 'untidy', build]]);
    const parts = new Array<number>(PARTS).fill(0);
    await Promise.all(
      parts.map((_, part) =>
        this.driver.atOnce([['hset', writer.keys.part(part), 'token', this.token, 'edition', 0]]),
      ),
    );
    const edition = (this.attempted = 1);
    const position = rows.model.checkpoint;
    const batch = new PartBatch(writer, edition, position, parts);
    await new RowPublication(rows.model, writer.keys, batch).everything();
    await batch.finish(true);
    await this.goLive(rows, { build, edition, parts, position });
    await this.removeOthers(writer.keys);
  }

  private async goLive(rows: TouchedRows, moment: Moment): Promise<void> {
    await this.switch(writeMoment(moment));
    rows.done();
    this.published = moment;
  }

  private async switch(live: string): Promise<void> {
    const answer = await this.driver.script(SWITCH, [Keys.pointer(this.model)], [this.token, live]);
    if (textOf(answer) === FENCED) throw new FencedError(this.token);
  }

  /** What a build left that was cut off, or one whose successor was cut off while it removed it; beside other work. */
  private async tidy(keys: Keys): Promise<void> {
    const [untidy] = await this.driver.atOnce([['hget', Keys.pointer(this.model), 'untidy']]);
    if (untidy !== null) this.tidying = this.removeOthers(keys).catch(() => undefined);
  }

  /** Builds that were live before, or never came so far. One of a later lease is not ours to remove. */
  private async removeOthers(keys: Keys): Promise<void> {
    await this.driver.remove(Keys.allOf(this.model), (key) => {
      const build = keys.buildOf(key);
      return build === keys.build || Number.parseInt(build, 10) > this.token;
    });
    await this.driver.atOnce([['hdel', Keys.pointer(this.model), 'untidy']]);
  }

  private writer(build: string): Writer {
    return { driver: this.driver, keys: new Keys(this.model, build), token: this.token };
  }
}
