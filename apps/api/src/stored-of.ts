import type { StoredEvent } from '@threadline/domain/stored-event';
import { upcast } from '@threadline/domain/upcast';
import type { RecordedEvent } from '@threadline/event-store/event-store';

/** `undefined` for what this code cannot read; the projector has parked it. */
export function storedOf(event: RecordedEvent): StoredEvent | undefined {
  try {
    return upcast(JSON.parse(Buffer.from(event.data).toString('utf8')));
  } catch {
    return undefined;
  }
}
