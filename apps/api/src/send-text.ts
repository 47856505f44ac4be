import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/**
 * Answers with text as it is made, as fast as it is read and no faster. The first piece is made before the answer
 * begins, so that what fails at once still has a status of its own; what fails later cuts the connection.
 */
export async function sendText(
  reply: FastifyReply,
  contentType: string,
  make: (signal: AbortSignal) => AsyncGenerator<string>,
): Promise<void> {
  const gone = new AbortController();
  const pieces = make(gone.signal);
  if (reply.request.method === 'HEAD') {
    await pieces.return(undefined);
    await reply.header('content-type', contentType).send();
    return;
  }
  const first = await pieces.next();
  const text = Readable.from(first.done ? [] : startingWith(first.value, pieces), { objectMode: false });
  text.once('close', () => gone.abort());
  await reply.header('content-type', contentType).send(text);
}

async function* startingWith(first: string, rest: AsyncGenerator<string>): AsyncGenerator<Buffer> {
  try {
    yield Buffer.from(first);
    for await (const piece of rest) yield Buffer.from(piece);
  } finally {
    await rest.return(undefined);
  }
}
