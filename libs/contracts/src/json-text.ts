import { DEEPEST } from './json-faults.js';

/** What is wrong with a JSON text; `path` is a JSON Pointer, empty for the whole. */
export interface TextFault {
  readonly path: string;
  readonly message: string;
}

/**
 * What a person who wrote a JSON text (RFC 8259) by hand wants to know and `JSON.parse` does not tell: the line and column
 * where it stops being JSON, or which members come twice, of which only the last would count. Empty: it can be parsed.
 */
export function textFaults(text: string): TextFault[] {
  const scan = new Scan(text);
  try {
    scan.whole();
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    return [{ path: '', message: error.message }];
  }
  return scan.repeated.map((path) => ({ path, message: 'comes twice' }));
}

class NotJsonError extends Error {}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|\u007f|[\u0080-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const PLAIN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

class Scan {
  private at = 0;
  /** JSON Pointers of members whose name their object has already. */
  readonly repeated: string[] = [];

  constructor(private readonly text: string) {}

  whole(): void {
    this.value('', 1);
    if (this.at < this.text.length) this.fail('the end');
  }

  private value(path: string, depth: number): void {
    this.take(SPACE);
    if (depth > DEEPEST + 1) this.fail(`at most ${DEEPEST} levels of arrays and objects`);
    if (this.is('{')) this.members(path, depth);
    else if (this.is('[')) this.elements(path, depth);
    else if (this.take(STRING) === undefined && this.take(PLAIN) === undefined) this.fail('a value');
    this.take(SPACE);
  }

  private members(path: string, depth: number): void {
    const names = new Set<string>();
    this.take(SPACE);
    if (this.is('}')) return;
    do {
      this.take(SPACE);
      const quoted = this.take(STRING) ?? this.fail('the name of a member, in double quotes');
      const name = JSON.parse(quoted) as string;
      const member = `${path}/${name.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (names.has(name)) this.repeated.push(member);
      names.add(name);
      this.take(SPACE);
      if (!this.is(':')) this.fail('a colon');
      this.value(member, depth + 1);
    } while (this.is(','));
    if (!this.is('}')) this.fail('a comma or }');
  }

  private elements(path: string, depth: number): void {
    this.take(SPACE);
    if (this.is(']')) return;
    let index = 0;
    do this.value(`${path}/${index++}`, depth + 1);
    while (this.is(','));
    if (!this.is(']')) this.fail('a comma or ]');
  }

  private is(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private fail(expected: string): never {
    const before = this.text.slice(0, this.at).split(/\r\n|\n|\r/);
    const [came] = this.text.slice(this.at, this.at + 2);
    throw new NotJsonError(
      `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}: expected ${expected}, but ${
        came === undefined ? 'the text ends' : `${JSON.stringify(came)} came`
      }`,
    );
  }
}
