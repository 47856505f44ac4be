const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_ARRAY = 0x5d;
const CLOSE_OBJECT = 0x7d;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * The indexes of those elements of a JSON array that are longer than `limit` bytes as they stand in the text, white
 * space around them aside. `json` is known to be a valid array. One pass; meant for the few bodies that are large.
 */
export function oversizedElements(json: Uint8Array, limit: number): Set<number> {
  const found = new Set<number>();
  let index = 0;
  for (const [start, end] of elementExtents(json)) {
    if (end - start > limit) found.add(index);
    index++;
  }
  return found;
}

/** The elements of a JSON array as they stand in the text, which is known to be valid; not copied. */
export const elementsOf = (json: Uint8Array): Uint8Array[] =>
  elementExtents(json).map(([start, end]) => json.subarray(start, end));

function elementExtents(json: Uint8Array): [start: number, end: number][] {
  const found: [number, number][] = [];
  let depth = 0;
  let start = -1;
  let end = -1;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] as number;
    if (depth === 1 && (byte === COMMA || byte === CLOSE_ARRAY)) {
      if (start >= 0) found.push([start, end]);
      start = -1;
      if (byte === CLOSE_ARRAY) depth = 0;
      continue;
    }
    if (depth >= 1 && !isSpace(byte)) {
      if (start < 0) start = at;
      end = at + 1;
    }
    if (byte === QUOTE) {
      at = endOfString(json, at);
      end = at + 1;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) depth++;
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
  }
  return found;
}

/** The place of the quote that ends the string which begins at `from`. */
function endOfString(json: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    at = json.indexOf(QUOTE, at + 1);
    let slashes = 0;
    while (json[at - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
}
