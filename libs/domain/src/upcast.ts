import type { StoredEvent } from './stored-event.js';

/** An event of a version that this code does not know. It is parked, not guessed at. */
export class UnknownVersionError extends Error {
  readonly code = 'unknown-version';
  readonly retriable = false;
  constructor(readonly version: unknown) {
    super(`this event was stored in version ${String(version)}, which this code does not know`);
    this.name = 'UnknownVersionError';
  }
}

type Upcast = (event: Record<string, unknown>) => Record<string, unknown>;

/** From version n to n + 1, at index n - 1. The log is never rewritten: old events are lifted when they are read. */
const UPCASTS: readonly Upcast[] = [];

/** The version that is written. */
export const CURRENT_VERSION = UPCASTS.length + 1;

/**
 * Lifts a stored interaction event to the present version.
 * @throws UnknownVersionError
 */
export function upcast(stored: unknown, upcasts: readonly Upcast[] = UPCASTS): StoredEvent {
  const version: unknown = (stored as { v?: unknown } | null)?.v;
  if (
    typeof version !== 'number' ||
    !Number.isInteger(version) ||
    version < 1 ||
    version > upcasts.length + 1
  ) {
    throw new UnknownVersionError(version);
  }
  let event = stored as Record<string, unknown>;
  for (const lift of upcasts.slice(version - 1)) event = lift(event);
  return event as unknown as StoredEvent;
}
