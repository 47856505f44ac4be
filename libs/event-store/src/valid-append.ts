import { InvalidAppendError } from './errors.js';
import type { Append, NewEvent } from './event-store.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Text that every store keeps as it is: SQLite ends it at a NUL, UTF-8 has no lone surrogate. */
const isName = (text: string): boolean => text.length > 0 && !text.includes('\0') && text.isWellFormed();

const isBytes = (value: unknown): boolean => value instanceof Uint8Array;

function validEvent(event: NewEvent, stream: string): NewEvent {
  const id = event.id.toLowerCase();
  if (!UUID.test(id)) throw new InvalidAppendError(`an event for ${stream} has an id that is no UUID`);
  if (!isName(event.type)) throw new InvalidAppendError(`event ${id} for ${stream} has no proper type`);
  if (!isBytes(event.data) || (event.metadata !== undefined && !isBytes(event.metadata))) {
    throw new InvalidAppendError(`the data of event ${id} for ${stream} are no bytes`);
  }
  return id === event.id ? event : { ...event, id };
}

/**
 * The append with its ids in lower case; throws `InvalidAppendError` where no log could take it. Message and error
 * hold the stream and ids, never content.
 */
export function validAppend(append: Append): Append {
  const { stream, expected, events } = append;
  if (!isName(stream)) throw new InvalidAppendError('an append names no proper stream');
  if (typeof expected === 'number' && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new InvalidAppendError(`the expected revision of ${stream} is ${expected}`);
  }
  if (events.length === 0) throw new InvalidAppendError(`an append to ${stream} has no events`);
  const valid = events.map((event) => validEvent(event, stream));
  if (valid.length > 1 && new Set(valid.map(({ id }) => id)).size < valid.length) {
    throw new InvalidAppendError(`an append to ${stream} has the same event id twice`);
  }
  return { stream, expected, events: valid };
}
