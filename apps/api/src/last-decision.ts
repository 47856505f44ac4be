import { upcast } from '@threadline/domain/upcast';
import { START, type EventStore, type Position } from '@threadline/event-store/event-store';

/** The time of the last decision that the log has, whoever wrote it. Each event is looked at once. */
export class LastDecision {
  #after: Position = START;
  #at = Number.NEGATIVE_INFINITY;

  constructor(private readonly log: Pick<EventStore, 'readAll'>) {}

  /** Milliseconds since 1970; -Infinity where there is none. */
  async at(): Promise<number> {
    for await (const { position, data } of this.log.readAll({
      after: this.#after,
      prefixes: ['identity-'],
    })) {
      this.#after = position;
      this.#at = Math.max(this.#at, timeOf(data));
    }
    return this.#at;
  }
}

/** What this code cannot read decides nothing. */
function timeOf(data: Uint8Array): number {
  try {
    return upcast(JSON.parse(Buffer.from(data).toString('utf8'))).at;
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}
