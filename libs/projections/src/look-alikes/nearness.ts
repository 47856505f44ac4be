/** How two folded words stand to each other, the nearest first. */
export type Nearness = 'same' | 'short' | 'close' | 'similar' | 'different';

/** From how many letters on a word, cut off, still stands for the longer one (Rob, Alex). */
const SHORT_FROM = 3;
/** Longer words are not compared letter by letter. */
const LONGEST = 64;

/** Rows of `edits`, used again and again. */
const rows = [new Uint8Array(LONGEST + 2), new Uint8Array(LONGEST + 2), new Uint8Array(LONGEST + 2)] as const;

/**
 * Edits that turn one word into the other: a letter more, less or another, two neighbours swapped (optimal string
 * alignment). Gives up above `most`, and answers `most + 1`.
 */
export function edits(a: string, b: string, most: number): number {
  if (a === b) return 0;
  if (Math.abs(a.length - b.length) > most || a.length > LONGEST || b.length > LONGEST) return most + 1;
  let [before, above, row] = rows as readonly [Uint8Array, Uint8Array, Uint8Array];
  for (let column = 0; column <= b.length; column++) above[column] = column;
  for (let i = 1; i <= a.length; i++) {
    const letter = a.charCodeAt(i - 1);
    let least = (row[0] = i);
    for (let j = 1; j <= b.length; j++) {
      const other = b.charCodeAt(j - 1);
      let cost = (above[j - 1] as number) + (letter === other ? 0 : 1);
      cost = Math.min(cost, (above[j] as number) + 1, (row[j - 1] as number) + 1);
      if (i > 1 && j > 1 && letter === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === other) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      row[j] = cost;
      if (cost < least) least = cost;
    }
    if (least > most) return most + 1;
    [before, above, row] = [above, row, before];
  }
  return Math.min(above[b.length] as number, most + 1);
}

const balance = new Int16Array(0x10000);

/** Letters that the longer word has and the other has not, whatever their order: never more than the edits. */
function strangeLetters(a: string, b: string): number {
  for (let i = 0; i < a.length; i++) balance[a.charCodeAt(i)]!++;
  for (let i = 0; i < b.length; i++) balance[b.charCodeAt(i)]!--;
  let [more, less] = [0, 0];
  for (const word of [a, b]) {
    for (let i = 0; i < word.length; i++) {
      const code = word.charCodeAt(i);
      const left = balance[code] as number;
      if (left > 0) more += left;
      else less -= left;
      balance[code] = 0;
    }
  }
  return Math.max(more, less);
}

/** How near two folded words are. Symmetric. */
export function nearness(a: string, b: string): Nearness {
  if (a === b) return 'same';
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length >= SHORT_FROM && long.length - short.length > 1 && long.startsWith(short)) return 'short';
  if (long.length < 3 || long.length > LONGEST) return 'different';
  const most = Math.max(1, Math.floor(long.length / 3));
  const strange = strangeLetters(a, b);
  if (strange > most) return 'different';
  // All letters are there, in another order.
  if (strange === 0 && long.length >= 5) return 'close';
  const apart = edits(a, b, most);
  if (apart > most) return 'different';
  // A name of three characters is one letter from hundreds of others, where the script has few letters.
  return (apart === 1 && long.length >= 4) || (apart === 2 && long.length >= 8) ? 'close' : 'similar';
}
