import type { IncomingMessage } from 'node:http';

/** Bytes that are still taken from a sender who is being refused, and the milliseconds that this may last. */
const MOST = 64 * 1_048_576;
const LONGEST = 10_000;

/**
 * Resolves when what is left of the body has come and was thrown away, or when that is too much or takes too long.
 * Most senders look at the answer only once they have sent everything: a connection that is closed before that is a
 * reset to them, and they never learn why (RFC 9112, 9.6).
 */
export function discardBody(
  request: IncomingMessage,
  { most = MOST, longest = LONGEST }: { most?: number; longest?: number } = {},
): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let bytes = 0;
    const done = (): void => {
      clearTimeout(limit);
      request.off('data', count).off('end', done).off('close', done).off('error', done).pause();
      resolve();
    };
    const count = (chunk: Buffer): void => {
      bytes += chunk.byteLength;
      if (bytes > most) done();
    };
    const limit = setTimeout(done, longest);
    request.on('data', count).on('end', done).on('close', done).on('error', done).resume();
  });
}
