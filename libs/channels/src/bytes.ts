import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';

/**
 * The bytes as they are, or unpacked where they begin as gzip does (RFC 1952), whatever the name says.
 * Throws what the source throws, and zlib's error where the packing is damaged.
 */
export async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let done = false;
  while (head.length < 2 && !done) {
    const next = await chunks.next();
    if (next.done === true) done = true;
    else head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const rest = async function* (): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    if (!done) yield* { [Symbol.asyncIterator]: () => chunks };
  };
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* rest();
    return;
  }
  const packed = Readable.from(rest());
  const gunzip = createGunzip();
  packed.on('error', (error) => gunzip.destroy(error));
  yield* packed.pipe(gunzip) as AsyncIterable<Uint8Array>;
}

/** All of it, or `undefined` where it is more than `limit` bytes (what comes after is not read). */
export async function gather(bytes: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

export interface Line {
  /** From 1. */
  readonly number: number;
  /** With its line end; `undefined` where it was longer than the limit (it is skipped, not kept). */
  readonly bytes: Buffer | undefined;
}

/** Lines, each with its line end. Holds no more than one line and one chunk. */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let held = 0;
  let number = 1;
  const take = (part: Buffer): void => {
    held += part.length;
    if (held <= limit) parts.push(part);
    else parts = [];
  };
  const line = (): Line => {
    const whole = held > limit ? undefined : parts.length === 1 ? parts[0] : Buffer.concat(parts, held);
    parts = [];
    held = 0;
    return { number: number++, bytes: whole };
  };
  for await (const chunk of bytes) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let end = buffer.indexOf(0x0a); end >= 0; end = buffer.indexOf(0x0a, from)) {
      take(buffer.subarray(from, end + 1));
      yield line();
      from = end + 1;
    }
    if (from < buffer.length) take(buffer.subarray(from));
  }
  if (held > 0) yield line();
}
