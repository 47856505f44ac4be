import { ThreadlineError } from '@threadline/platform/errors';
import type { Incoming, Outgoing, RawHeaders } from './driver.js';

/** Headers that a dead letter has besides those that the message came with. */
export const DEAD = {
  /** The code of the error. */
  reason: 'dead-reason',
  /** What was wrong, for people; says nothing of persons. */
  detail: 'dead-detail',
  /** JSON: what the handler tells besides, such as each problem with its place. */
  problems: 'dead-problems',
  /** `<topic>/<partition>/<offset>` where it came from. */
  from: 'dead-from',
  /** When it was put aside (RFC 3339). */
  at: 'dead-at',
  /** How often it was tried. */
  attempts: 'dead-attempts',
  /** Of a mark and not of a letter: the id of the letter that somebody is done with. */
  settled: 'dead-settled',
} as const;

/** Kafka takes no message without end: so much of a list of problems is enough to mend it by. */
const LONGEST = 16_384;

/** The message as it came, bytes and headers, and why it was put aside. */
export function deadLetter(message: Incoming, error: unknown, attempts: number, now: Date): Outgoing {
  const { topic, partition, offset, key, body } = message;
  const { problems } = (error ?? {}) as { problems?: unknown };
  return {
    key,
    body,
    headers: {
      ...withoutReason(message.headers),
      [DEAD.reason]: codeOf(error),
      // Another's message may quote what it could not take.
      [DEAD.detail]: error instanceof ThreadlineError ? error.message : 'the handler failed',
      ...(Array.isArray(problems) && { [DEAD.problems]: JSON.stringify(problems).slice(0, LONGEST) }),
      [DEAD.from]: `${topic}/${partition}/${offset}`,
      [DEAD.at]: now.toISOString(),
      [DEAD.attempts]: String(attempts),
    },
  };
}

/** Headers without what `deadLetter` added: as the message came. */
export const withoutReason = (headers: RawHeaders): RawHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ADDED.has(name)));

const ADDED: ReadonlySet<string> = new Set(Object.values(DEAD));

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : 'handler-failed';
};
