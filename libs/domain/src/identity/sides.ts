import type { Party } from './identity-links.js';

/** An unlink that holds: nobody of `parties` may come together with anybody of `rest`. */
interface Apart {
  readonly event: string;
}

const NOTHING: ReadonlySet<number> = new Set();

/**
 * Parties that come together step by step (union by size), with what decides on the next step: how many values of a
 * kind each side has, and on which sides of people's unlinks it stands.
 */
export class Sides {
  readonly #places = new Map<Party, number>();
  readonly #parties: Party[] = [];
  readonly #parent: number[] = [];
  readonly #size: number[] = [];
  /** The next of the same side: a ring. */
  readonly #next: number[] = [];
  /** The least party of the side. */
  readonly #least: Party[] = [];
  /** The greatest lighter side of the joins that made this one. */
  readonly #lighter: number[] = [];
  /** Of each kind that is limited: values on this side. */
  readonly #counts: number[][];
  readonly #kinds: readonly string[];
  /** `2n` for the parties of the unlink `n`, `2n + 1` for the rest. */
  readonly #tokens = new Map<number, Set<number>>();
  readonly #aparts: Apart[] = [];

  constructor(
    kinds: readonly string[],
    private readonly kindOf: (party: Party) => string,
  ) {
    this.#kinds = kinds;
    this.#counts = kinds.map(() => []);
  }

  #place(party: Party): number {
    const known = this.#places.get(party);
    if (known !== undefined) return known;
    const place = this.#parties.length;
    this.#places.set(party, place);
    this.#parties.push(party);
    this.#parent.push(place);
    this.#size.push(1);
    this.#next.push(place);
    this.#least.push(party);
    this.#lighter.push(0);
    const kind = this.kindOf(party);
    this.#counts.forEach((counts, index) => counts.push(this.#kinds[index] === kind ? 1 : 0));
    return place;
  }

  /** Stands for the side of a party, until the next join. */
  side(party: Party): number {
    let place = this.#place(party);
    for (let up = this.#parent[place] as number; up !== place; up = this.#parent[place] as number) {
      const above = this.#parent[up] as number;
      this.#parent[place] = above;
      place = above;
    }
    return place;
  }

  /** The party that a side is called by: the least, whatever joined what. */
  party(side: number): Party {
    return this.#least[side] as Party;
  }

  /** Every party that was ever asked about. */
  get parties(): readonly Party[] {
    return this.#parties;
  }

  size(side: number): number {
    return this.#size[side] as number;
  }

  /** See `#lighter`. */
  lighter(side: number): number {
    return this.#lighter[side] as number;
  }

  *members(side: number): Iterable<Party> {
    let place = side;
    do {
      yield this.#parties[place] as Party;
      place = this.#next[place] as number;
    } while (place !== side);
  }

  /**
   * The unlink that keeps two sides apart: of several the one that was told last, which is the oldest. So an unmerge does
   * not take the reason over from what stood there before the merge.
   */
  apart(one: number, other: number): Apart | undefined {
    let [few, many] = [this.#tokens.get(one) ?? NOTHING, this.#tokens.get(other) ?? NOTHING];
    if (few.size > many.size) [few, many] = [many, few];
    let last = -1;
    for (const token of few) if (many.has(token ^ 1)) last = Math.max(last, token >> 1);
    return this.#aparts[last];
  }

  /** The kind of which both sides have a value and together more than the limit. */
  tooMany(one: number, other: number, limits: readonly number[]): string | undefined {
    for (let index = 0; index < this.#kinds.length; index++) {
      const counts = this.#counts[index] as number[];
      const [a, b] = [counts[one] as number, counts[other] as number];
      if (a > 0 && b > 0 && a + b > (limits[index] as number)) return this.#kinds[index];
    }
    return undefined;
  }

  keepApart(event: string, parties: readonly Party[], rest: readonly Party[]): void {
    const token = 2 * this.#aparts.push({ event }) - 2;
    const mark = (party: Party, mine: number): void => {
      const side = this.side(party);
      const tokens = this.#tokens.get(side);
      if (tokens === undefined) this.#tokens.set(side, new Set([mine]));
      else tokens.add(mine);
    };
    for (const party of parties) mark(party, token);
    for (const party of rest) mark(party, token + 1);
  }

  /** `counted`: by a link, so that what is lighter is remembered. */
  join(one: number, other: number, counted: boolean): void {
    if (one === other) return;
    const [to, from] = this.size(one) >= this.size(other) ? [one, other] : [other, one];
    this.#parent[from] = to;
    if (this.party(from) < this.party(to)) this.#least[to] = this.party(from);
    const light = counted ? this.size(from) : 0;
    this.#lighter[to] = Math.max(this.lighter(to), this.lighter(from), light);
    this.#size[to] = this.size(to) + this.size(from);
    const after = this.#next[to] as number;
    this.#next[to] = this.#next[from] as number;
    this.#next[from] = after;
    for (const counts of this.#counts) counts[to] = (counts[to] as number) + (counts[from] as number);
    this.#joinTokens(to, from);
  }

  #joinTokens(to: number, from: number): void {
    const moved = this.#tokens.get(from);
    if (moved === undefined) return;
    this.#tokens.delete(from);
    const there = this.#tokens.get(to);
    const [few, many] = there === undefined || there.size < moved.size ? [there, moved] : [moved, there];
    for (const token of few ?? NOTHING) many.add(token);
    this.#tokens.set(to, many);
  }
}
