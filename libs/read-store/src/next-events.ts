import { CorruptEventError } from '@threadline/event-store/errors';
import type { LocalLog, RecordedEvent } from '@threadline/event-store/event-store';

/** The next events of the log; or, where the very next one cannot be read, the error that names it. */
export function nextEvents(
  log: Pick<LocalLog, 'after'>,
  after: number,
  limit: number,
): RecordedEvent[] | CorruptEventError {
  try {
    return log.after(after, limit);
  } catch (error) {
    if (!(error instanceof CorruptEventError)) throw error;
    const before = error.position - after - 1;
    return before > 0 ? log.after(after, before) : error;
  }
}
