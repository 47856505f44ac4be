/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Seeded {
  constructor(private state: number) {}

  /** 0 to 1, without 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  happens(chance: number): boolean {
    return this.next() < chance;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** Earlier values far more often than later ones, as names are. */
  pickCommon<T>(values: readonly T[]): T {
    return values[Math.floor(values.length * this.next() ** 2)] as T;
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, at: this.next() }))
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value);
  }
}

/** One slip of the fingers: a letter left out, doubled, exchanged with its neighbour, or another in its place. */
export function slip(text: string, random: Seeded): string {
  const letters = [...text];
  if (letters.length < 2) return text;
  const at = random.below(letters.length - 1);
  const other = /\d/.test(letters[at] as string)
    ? String(random.below(10))
    : random.pick([...letters, 'e', 'a']);
  switch (random.below(4)) {
    case 0:
      letters.splice(at, 1);
      break;
    case 1:
      letters.splice(at, 0, letters[at] as string);
      break;
    case 2:
      letters.splice(at, 2, letters[at + 1] as string, letters[at] as string);
      break;
    default:
      letters[at] = other;
  }
  return letters.join('');
}
