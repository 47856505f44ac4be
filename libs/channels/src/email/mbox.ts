import { linesOf } from '../bytes.js';
import { LARGEST_ITEM, refused, type Importer } from '../imported.js';
import { importMail, tooLarge } from './eml.js';
import { mailDate } from './mail-date.js';

const NEWLINE = 0x0a;

/** `From ana@example.org Mon Sep 20 19:29:27 2021`, and what Mozilla, Gmail and Eudora write instead of the address. */
const DATED = /^From (?:.*\s)?(?:mon|tue|wed|thu|fri|sat|sun)[,\s]\s*.*\d{1,2}:\d{2}.*$/i;

/** `From ana@example.org`, `From -`: without a date a separator all the same, where an empty line stands before it. */
const BARE = /^From (?:-|\S+@\S+|MAILER-DAEMON)?\s*$/i;

const HEADER = /^(?:[!-9;-~]+[ \t]*:|>?From )/;

const isFrom = (line: Buffer): boolean =>
  line.length >= 5 &&
  line[0] === 0x46 &&
  line[1] === 0x72 &&
  line[2] === 0x6f &&
  line[3] === 0x6d &&
  line[4] === 0x20;

const isBlank = (line: Buffer): boolean => line.every((byte) => byte === NEWLINE || byte === 0x0d);

/** mboxrd and mboxo: `>From ` was `From `, `>>From ` was `>From `. */
const unquoted = (line: Buffer): Buffer => {
  let marks = 0;
  while (line[marks] === 0x3e) marks++;
  return marks > 0 && isFrom(line.subarray(marks)) ? line.subarray(1) : line;
};

interface Message {
  /** From 1. */
  readonly number: number;
  /** Its `From ` line. */
  readonly envelope: string;
  /** `undefined` where it is larger than may be held. */
  readonly bytes: Buffer | undefined;
}

/**
 * An mbox file (RFC 4155 and its relatives), streamed: no more than one message is held. A `From ` line begins a
 * message where it carries a date, or stands after an empty line, and a header field follows; so a sentence that begins
 * with From and was not quoted stays in its message. Lengths that mboxcl writes are not trusted, and not needed.
 */
export const importMbox: Importer = async function* (input, options) {
  let found = false;
  for await (const { number, envelope, bytes } of messagesOf(input.bytes)) {
    const item = `${input.name}#${number}`;
    if (number === 0) {
      yield refused(input.name, 'is not an mbox: it does not begin with a line "From …"');
      return;
    }
    found = true;
    yield bytes === undefined
      ? tooLarge(item)
      : await importMail(item, bytes, options, mailDate(dateOf(envelope)));
  }
  if (!found) yield refused(input.name, 'is empty');
};

const dateOf = (envelope: string): string => envelope.replace(/^From\s+\S+\s*/, '');

/** Number 0 is what stands before the first `From ` line, if anything does. */
async function* messagesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  const message = new Held();
  /** A `From ` line that begins a message only if the next line is a header field. */
  let waiting: Buffer | undefined;
  let afterBlank = true;
  for await (const { bytes: read } of linesOf(bytes, LARGEST_ITEM)) {
    const line = read ?? Buffer.from('\n');
    if (read === undefined) message.overflow();
    if (waiting !== undefined) {
      if (HEADER.test(line.subarray(0, 1000).toString('latin1'))) {
        const done = message.next(waiting);
        if (done !== undefined) yield done;
      } else message.add(waiting);
      waiting = undefined;
    }
    if (isFrom(line) && separates(line, afterBlank)) waiting = line;
    else message.add(unquoted(line));
    afterBlank = isBlank(line);
  }
  if (waiting !== undefined) message.add(waiting);
  const last = message.next(Buffer.alloc(0));
  if (last !== undefined) yield last;
}

function separates(line: Buffer, afterBlank: boolean): boolean {
  const text = line.subarray(0, 1000).toString('latin1').trimEnd();
  return DATED.test(text) || (afterBlank && (BARE.test(text) || mailDate(dateOf(text)) !== undefined));
}

/** The message that is being read. */
class Held {
  private number = 0;
  private envelope = '';
  private lines: Buffer[] = [];
  private size = 0;
  private tooLarge = false;

  add(line: Buffer): void {
    this.size += line.length;
    if (this.size > LARGEST_ITEM) this.overflow();
    if (!this.tooLarge) this.lines.push(line);
  }

  overflow(): void {
    this.tooLarge = true;
    this.lines = [];
  }

  /** Ends this message, if there is one, and begins the next. */
  next(envelope: Buffer): Message | undefined {
    const bytes = this.tooLarge ? undefined : withoutLastBlank(Buffer.concat(this.lines));
    const empty = this.number === 0 && (bytes === undefined || isBlank(bytes)) && !this.tooLarge;
    const done = { number: this.number, envelope: this.envelope, bytes };
    this.number++;
    this.envelope = envelope.toString('latin1').trimEnd();
    this.lines = [];
    this.size = 0;
    this.tooLarge = false;
    return empty ? undefined : done;
  }
}

/** The empty line that the format puts after each message is not the message's. */
function withoutLastBlank(bytes: Buffer): Buffer {
  const end = bytes.length;
  if (bytes[end - 1] !== NEWLINE) return bytes;
  if (bytes[end - 2] === NEWLINE) return bytes.subarray(0, end - 1);
  if (bytes[end - 2] === 0x0d && bytes[end - 3] === NEWLINE) return bytes.subarray(0, end - 2);
  return bytes;
}
