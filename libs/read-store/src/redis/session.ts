import { textOf, type Argument, type Command, type RedisDriver } from './driver.js';
import { Keys, partOf, WHOLE } from './keys.js';
import { ENTRIES } from './scripts.js';

/** The state of the model that a read answers from. */
export interface Moment {
  readonly build: string;
  /** Grows with every batch that was written. */
  readonly edition: number;
  readonly position: number;
  /** Of each part the edition that wrote it last. */
  readonly parts: readonly number[];
}

/** Something that a read looked at was changed by a later batch: it begins anew. Never leaves this room. */
export class MovedError extends Error {
  constructor() {
    super('the model moved on while it was read');
    this.name = 'MovedError';
  }
}

/** Keys are gone, or older than what was written: a flushed Redis, a node that came back with an old copy. */
export class LostError extends MovedError {}

/** What is live, as one value: a read knows all of it or none. */
export const writeMoment = ({ build, edition, position, parts }: Moment): string =>
  [build, edition, position, parts.join()].join('|');

/** Undefined where nothing is live. */
export async function liveMoment(driver: RedisDriver, model: string): Promise<Moment | undefined> {
  const [live] = await driver.atOnce([['hget', Keys.pointer(model), 'live']]);
  if (live === null) return undefined;
  const [build = '', edition, position, parts = ''] = textOf(live).split('|');
  return {
    build,
    edition: Number(edition),
    position: Number(position),
    parts: parts.split(',').map(Number),
  };
}

/** Parts that are asked at the same time: those of a large customer are all there are. */
const PARTS_AT_ONCE = 8;

/** How many timeline entries one script looks at, so that the Redis is never held up for long. */
const LOOKED_AT = 2_000;

/**
 * One read of the model as it was at one moment. Each key tells which batch wrote it last: what is younger than the
 * moment throws `MovedError`. So whatever was read together is of one state, although it lies on several nodes.
 */
export class Session {
  readonly keys: Keys;

  constructor(
    readonly driver: RedisDriver,
    readonly moment: Moment,
    model: string,
  ) {
    this.keys = new Keys(model, moment.build);
  }

  /** Throws where a row is younger than the moment. */
  require(edition: number): void {
    if (edition > this.moment.edition) throw new MovedError();
  }

  /** What each party, customer or decision is asked, part by part; answers in the order asked. */
  async ask(
    asked: readonly { readonly of: number; readonly commands: readonly Command[] }[],
  ): Promise<unknown[][]> {
    const parts = new Map<number, number[]>();
    asked.forEach(({ of }, index) => {
      const part = partOf(of);
      const known = parts.get(part);
      if (known === undefined) parts.set(part, [index]);
      else known.push(index);
    });
    const answers: unknown[][] = new Array<unknown[]>(asked.length);
    const askPart = async ([part, indexes]: [number, number[]]): Promise<void> => {
      const commands = indexes.flatMap((index) => asked[index]?.commands ?? []);
      const found = await this.atOnce(part, commands);
      let from = 0;
      for (const index of indexes) {
        const { length } = asked[index]?.commands ?? [];
        answers[index] = found.slice(from, (from += length));
      }
    };
    // One after the other takes the next: an answer is waited for so long, and what others say first counts against it.
    const waiting = parts.entries();
    const askOn = async (): Promise<void> => {
      for (const one of waiting) await askPart(one);
    };
    await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, parts.size) }, askOn));
    return answers;
  }

  /** What belongs to nobody alone; of one state as all else is. */
  async askWhole(commands: readonly Command[]): Promise<unknown[]> {
    const [edition, ...found] = await this.atOnce(WHOLE, [['get', this.keys.whole('v')], ...commands]);
    this.require(Number(textOf(edition)));
    return found;
  }

  /** A part whose own key is gone or too old lost the rest as well: nothing that it says can be believed. */
  private async atOnce(part: number, commands: readonly Command[]): Promise<unknown[]> {
    const [edition, ...found] = await this.driver.atOnce([
      ['hget', this.keys.part(part), 'edition'],
      ...commands,
    ]);
    if (edition === null || Number(textOf(edition)) < this.partEdition(part)) throw new LostError();
    return found;
  }

  private partEdition(part: number): number {
    return this.moment.parts[part] ?? 0;
  }

  /** Entries of one party in order, as members of its timeline; bounds as ZRANGE takes them. */
  async entries(
    party: number,
    range: {
      readonly order: 'asc' | 'desc';
      readonly from: Buffer;
      readonly to: Buffer;
      readonly limit: number;
      readonly types: Buffer;
      readonly channels: Buffer;
      readonly standing: boolean;
    },
  ): Promise<Buffer[]> {
    const { order, types, channels, standing, limit } = range;
    const found: Buffer[] = [];
    let { from, to } = range;
    for (;;) {
      const wanted = limit - found.length;
      const part = partOf(party);
      const filters = [types, channels, standing ? '1' : '0'];
      const args: Argument[] = [order, from, to, wanted, LOOKED_AT, ...filters, this.partEdition(part)];
      const keys = [this.keys.part(part), this.keys.of('p', party), this.keys.of('t', party)];
      const [row, last, ...some] = (await this.driver.script(ENTRIES, keys, args)) as Buffer[];
      if (row === undefined || last === undefined) throw new LostError();
      this.require(Number.parseInt(row.toString(), 10) || 0);
      found.push(...some);
      if (found.length >= limit || last.length === 0) return found;
      if (order === 'asc') from = Buffer.concat([Buffer.from('('), last]);
      else to = Buffer.concat([Buffer.from('('), last]);
    }
  }
}
