import { ThreadlineError } from '@threadline/platform/errors';

/** Seconds after which a full or busy disk is worth asking again. */
const RETRY_AFTER = 5;

/** Nothing can be written for now. 503; `code` is that of the store's own error, which is the cause. */
export class WriteRefusedError extends ThreadlineError {
  readonly retryAfter = RETRY_AFTER;
  constructor(code: string, cause: unknown) {
    super('nothing can be written for now, and nothing of this was', {
      code,
      retriable: true,
      status: 503,
      cause,
    });
  }
}

/** What whoever sent the events is told: the stores' own errors name files. What is not retriable stays as it is. */
export function refusalOf(error: unknown): unknown {
  const { retriable, code } = (error ?? {}) as { retriable?: unknown; code?: unknown };
  return retriable === true
    ? new WriteRefusedError(typeof code === 'string' ? code : 'unavailable', error)
    : error;
}

/** The disk failed: whoever met this must end the process. */
export const isFatal = (error: unknown): error is Error =>
  error instanceof Error && (error as { fatal?: unknown }).fatal === true;
