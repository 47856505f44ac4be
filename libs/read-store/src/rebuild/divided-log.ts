/** Less is not worth another thread's while: it has to get to know everybody who is in it. */
const WORTH_DIVIDING = 2_000;

/** Whom it has met is written at the end: for so many events that it passed it takes as long as for one more. */
const OWED = 10;

/** The search index of a log that two threads build: how far the one is, and where it is to end. */
export class DividedLog {
  /** Where it is, where it ends. */
  private readonly positions: BigInt64Array;

  private constructor(readonly shared: SharedArrayBuffer) {
    this.positions = new BigInt64Array(shared);
  }

  static of(upTo: number): DividedLog {
    const log = new DividedLog(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT));
    Atomics.store(log.positions, 1, BigInt(upTo));
    return log;
  }

  /** The same in another thread. */
  static from(shared: SharedArrayBuffer): DividedLog {
    return new DividedLog(shared);
  }

  get upTo(): number {
    return Number(Atomics.load(this.positions, 1));
  }

  /** It has come so far. */
  pass(position: number): void {
    Atomics.store(this.positions, 0, BigInt(position));
  }

  /** Takes half of what is left to do away from it; answers where that begins. */
  divide(): number {
    const { upTo } = this;
    const at = Number(Atomics.load(this.positions, 0));
    // It may have begun a chunk that it has not told of, and another.
    if (upTo - at < WORTH_DIVIDING) return upTo;
    const middle = Math.max(Math.ceil((at + upTo - at / OWED) / 2), at + WORTH_DIVIDING / 2);
    Atomics.store(this.positions, 1, BigInt(middle));
    return middle;
  }
}
