import type { RecordedEvent } from '../event-store.js';
import { streamState, type StateSource } from './stream-state.js';
import type { Resolved } from './wire.js';

/** The type of an event that stands for another one: its data are `<revision>@<stream>`. */
const LINK = '$>';

/** A link, and the event that it leads to where that may still be seen; any other event is itself. */
export function resolve(source: StateSource, event: RecordedEvent): Resolved {
  if (event.type !== LINK) return { event };
  const [, revision, stream] = /^(\d+)@(.+)$/s.exec(Buffer.from(event.data).toString('utf8')) ?? [];
  if (revision === undefined || stream === undefined) return { event: undefined, link: event };
  const state = streamState(source, stream);
  const from = Number(revision);
  const [target] =
    state.status === 'open' && from >= state.first ? source.log.page(stream, { from, limit: 1 }) : [];
  return { event: target?.revision === from ? target : undefined, link: event };
}
