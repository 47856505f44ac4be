import { textOf, type Argument, type RedisDriver } from './driver.js';
import { FencedError } from './errors.js';
import { PARTS, partOf, WHOLE, type Keys } from './keys.js';
import { APPLY, FENCED, LOST, OLDER } from './scripts.js';
import { LostError } from './session.js';

/** Operations of one script, at most: it must not hold the Redis up for long. */
const PIECE = 2_000;

type Operation = readonly [what: string, key: string, a: Argument, b: Argument];

/** Who writes, and on top of what. */
export interface Writer {
  readonly driver: Pick<RedisDriver, 'script'>;
  readonly keys: Keys;
  readonly token: number;
}

/** What a batch changes, gathered by the part that it lies in. */
export class PartBatch {
  private readonly parts = new Map<number, Operation[]>();
  private readonly customers = new Set<number>();
  private gathered = 0;

  constructor(
    private readonly writer: Writer,
    readonly edition: number,
    /** Up to where the batch goes. */
    private readonly position: number,
    /** Of each part the edition that it has; changed where this batch was written. */
    private readonly editions: number[],
  ) {}

  get size(): number {
    return this.gathered;
  }

  add(of: number, what: string, key: string, a: Argument = '', b: Argument = ''): void {
    const part = partOf(of);
    const known = this.parts.get(part);
    if (known === undefined) this.parts.set(part, [[what, key, a, b]]);
    else known.push([what, key, a, b]);
    this.gathered++;
  }

  /** Something of a customer's hashes is changed. */
  touchCustomer(customer: number): void {
    this.customers.add(customer);
  }

  /** Something that is nobody's is changed. */
  touchWhole(): void {
    this.add(WHOLE, 'S', this.writer.keys.whole('v'), this.edition);
  }

  /** Writes what was gathered; more of the batch may follow. */
  async flush(): Promise<void> {
    this.finishCustomers();
    const parts = [...this.parts];
    this.parts.clear();
    this.gathered = 0;
    await allOf(parts.map(([part, operations]) => this.write(part, operations, false)));
  }

  /** Writes what is left. The batch counts once all of it is there. `every`: parts without a change as well. */
  async finish(every = false): Promise<void> {
    this.finishCustomers();
    if (every) for (let part = 0; part < PARTS; part++) if (!this.parts.has(part)) this.parts.set(part, []);
    await allOf(
      [...this.parts].map(async ([part, operations]) => {
        await this.write(part, operations, true);
        this.editions[part] = this.edition;
      }),
    );
  }

  private finishCustomers(): void {
    const { keys } = this.writer;
    for (const customer of this.customers) this.add(customer, 'V', keys.of('c', customer), this.edition);
    this.customers.clear();
  }

  private async write(part: number, operations: readonly Operation[], isLast: boolean): Promise<void> {
    for (let from = 0; from === 0 || from < operations.length; from += PIECE) {
      const piece = operations.slice(from, from + PIECE);
      await this.apply(part, piece, isLast && from + PIECE >= operations.length);
    }
  }

  private async apply(part: number, operations: readonly Operation[], isLast: boolean): Promise<void> {
    const { driver, keys, token } = this.writer;
    const names = new Map<string, number>([[keys.part(part), 1]]);
    const args: Argument[] = [
      token,
      this.edition,
      this.editions[part] ?? 0,
      isLast ? '1' : '0',
      this.position,
    ];
    for (const [what, key, a, b] of operations) {
      let number = names.get(key);
      if (number === undefined) names.set(key, (number = names.size + 1));
      args.push(what, number, a, b);
    }
    const answer = textOf(await driver.script(APPLY, [...names.keys()], args));
    if (answer === FENCED) throw new FencedError(token);
    if (answer === LOST || answer === OLDER) throw new LostError();
  }
}

/** Whatever fails: nothing is under way any more when it rejects, and could overtake what is written next. */
async function allOf(writes: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(writes)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
