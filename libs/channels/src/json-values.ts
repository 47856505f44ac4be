import type { Json } from '@threadline/domain/canonical-json';
import { linesOf, type Line } from './bytes.js';
import { LARGEST_ITEM } from './imported.js';

/** One value of a JSON file; `where` is put behind the file's name: `:12` for a line, `#3` for the third of a list. */
export type FoundJson =
  { readonly where: string; readonly value: Json } | { readonly where: string; readonly problem: string };

const BOM = '\uFEFF';

/**
 * Every value of a JSON file, whichever way it holds many: one a line (NDJSON), a list, one value, or several one after
 * another, printed over many lines or not. Streamed: no more than one value is held. What cannot be read is a problem,
 * and where values stand on lines the next line goes on.
 */
export async function* jsonValues(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<FoundJson> {
  const chunks = bytes[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let opening = '';
  while (opening === '') {
    const next = await chunks.next();
    if (next.done === true) break;
    first.push(next.value);
    // A byte order mark may come in pieces.
    opening = Buffer.concat(first)
      .toString('latin1')
      .replace(/^\u00ef(?:\u00bb\u00bf?)?/, '')
      .trimStart()
      .charAt(0);
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  if (opening === '[') yield* scanned(all());
  else yield* linesOrValues(all());
}

async function* linesOrValues(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<FoundJson> {
  const lines = linesOf(bytes, LARGEST_ITEM);
  const peeked: Line[] = [];
  let full = 0;
  while (full < 2) {
    const next = await lines.next();
    if (next.done === true) break;
    peeked.push(next.value);
    if (textOf(next.value) !== '') full++;
  }
  const all = async function* (): AsyncGenerator<Line> {
    yield* peeked;
    yield* lines;
  };
  // A value printed over many lines has no line that is a value of its own in its first two.
  if (full < 2 || peeked.some((line) => isContainer(textOf(line)))) {
    yield* byLine(all());
    return;
  }
  if (!peeked.some((line) => /^[[{]/.test(textOf(line)))) {
    yield { where: '', problem: 'is neither JSON nor JSON lines' };
    return;
  }
  yield* scanned(
    (async function* () {
      for await (const line of all()) yield line.bytes ?? Buffer.from('\n');
    })(),
  );
}

const textOf = ({ bytes }: Line): string => (bytes?.toString('utf8') ?? '').replace(BOM, '').trim();

function isContainer(text: string): boolean {
  const found = parsed('', text);
  return 'value' in found && typeof found.value === 'object' && found.value !== null;
}

async function* byLine(lines: AsyncIterable<Line>): AsyncGenerator<FoundJson> {
  for await (const line of lines) {
    const where = `:${line.number}`;
    const text = textOf(line);
    if (line.bytes === undefined) yield tooLarge(where);
    else if (text !== '') {
      const found = parsed(where, text);
      if ('value' in found && Array.isArray(found.value)) {
        yield* found.value.map((value, index) => ({ where: `${where}#${index + 1}`, value }));
      } else yield found;
    }
  }
}

const tooLarge = (where: string): FoundJson => ({
  where,
  problem: `is larger than ${LARGEST_ITEM / 1024 / 1024} MiB`,
});

function parsed(where: string, text: string): FoundJson {
  try {
    return { where, value: JSON.parse(text) as Json };
  } catch (error) {
    return { where, problem: `is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Cuts a stream into the elements of its lists, or into its values, by brackets and quotes alone. */
async function* scanned(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<FoundJson> {
  const element = new Element();
  let depth = 0;
  let base = 0;
  let inString = false;
  let escaped = false;
  for await (const chunk of bytes) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let i = 0; i < buffer.length; i++) {
      const byte = buffer[i];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === 0x5c) escaped = true;
        else if (byte === 0x22) inString = false;
        continue;
      }
      if (byte === 0x22) inString = true;
      else if (byte === 0x5b || byte === 0x7b) {
        if (depth === 0 && byte === 0x5b && element.opensWith(buffer.subarray(from, i))) {
          base = 1;
          from = i + 1;
        }
        depth++;
      } else if (byte === 0x5d || byte === 0x7d) {
        depth--;
        if (depth < base) {
          // The list is over (or there is one bracket too many).
          element.add(buffer.subarray(from, i));
          yield* element.take();
          from = i + 1;
          base = 0;
          depth = 0;
        } else if (depth === base && base === 0) {
          element.add(buffer.subarray(from, i + 1));
          yield* element.take();
          from = i + 1;
        }
      } else if (byte === 0x2c && depth === base) {
        element.add(buffer.subarray(from, i));
        yield* element.take();
        from = i + 1;
      }
    }
    element.add(buffer.subarray(from));
  }
  if (base > 0 || depth > 0 || inString) yield element.unfinished();
  else yield* element.take();
}

/** The value that is being read. */
class Element {
  private parts: Buffer[] = [];
  private size = 0;
  private number = 1;

  add(part: Buffer): void {
    if (part.length === 0) return;
    this.size += part.length;
    if (this.size <= LARGEST_ITEM) this.parts.push(part);
    else this.parts = [];
  }

  /** Is there nothing before a list but spaces and a byte order mark? Then that is forgotten. */
  opensWith(rest: Buffer): boolean {
    const before = Buffer.concat([...this.parts, rest])
      .toString('utf8')
      .replace(BOM, '')
      .trim();
    if (before !== '' || this.size > LARGEST_ITEM) return false;
    this.parts = [];
    this.size = 0;
    return true;
  }

  private text(): string {
    return Buffer.concat(this.parts).toString('utf8');
  }

  /** Ends it: nothing where it is blank. */
  *take(): Generator<FoundJson> {
    const text = this.text().replace(BOM, '').trim();
    const large = this.size > LARGEST_ITEM;
    this.parts = [];
    this.size = 0;
    if (text === '' && !large) return;
    const where = `#${this.number++}`;
    yield large ? tooLarge(where) : parsed(where, text);
  }

  unfinished(): FoundJson {
    return { where: `#${this.number}`, problem: 'is not finished: the file ends within it' };
  }
}
