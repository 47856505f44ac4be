/** A small generator (mulberry32): the same seed makes the same choices, so that a finding can be looked for again. */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From `least` up to, but not including, `end`. */
  between(least: number, end: number): number {
    return Math.floor(least + this.next() * (end - least));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}
