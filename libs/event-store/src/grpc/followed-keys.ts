import { keyEventOf, type KeyDirectory } from '@threadline/platform/key-directory';
import type { EventStore, RecordedEvent } from '../event-store.js';

/** Keeps the directory as the log tells, until the signal is aborted; resolves when every key of the log is known. */
export async function followKeys(
  log: Pick<EventStore, 'subscribe'>,
  directory: KeyDirectory,
  signal: AbortSignal,
  lost: (error: unknown) => void,
): Promise<void> {
  const caughtUp = Promise.withResolvers<void>();
  const follow = async (): Promise<void> => {
    for await (const message of log.subscribe({ prefixes: ['key-'], signal })) {
      if (message.kind === 'event') take(directory, message.event);
      else if (message.kind === 'caught-up') caughtUp.resolve();
    }
    caughtUp.resolve();
  };
  follow().catch((error: unknown) => {
    caughtUp.reject(error);
    lost(error);
  });
  await caughtUp.promise;
}

function take(directory: KeyDirectory, { type, data }: RecordedEvent): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(data).toString('utf8'));
  } catch {
    return;
  }
  const event = keyEventOf(type, parsed);
  if (event !== undefined) directory.apply(event);
}
