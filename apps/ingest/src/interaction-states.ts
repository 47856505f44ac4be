import {
  evolve,
  NEW_INTERACTION,
  type Interaction,
  type InteractionReceived,
} from '@threadline/domain/interaction';
import { upcast } from '@threadline/domain/upcast';
import {
  START,
  type EventStore,
  type LocalLog,
  type Position,
  type RecordedEvent,
} from '@threadline/event-store/event-store';
import { StreamGuess } from './stream-guess.js';

/** The log as ingest needs it. What only a log on the same disk can do is used where it is there. */
export type IngestLog = Pick<EventStore, 'append' | 'readStream'> &
  Partial<Pick<LocalLog, 'stream' | 'find'>>;

/** An interaction, or whatever else comes as CloudEvents, as the log has it. */
export interface Known {
  readonly state: Interaction;
  /** Of its last event. */
  readonly position: Position;
}

const UNKNOWN: Known = { state: NEW_INTERACTION, position: START };

/** Held at least, at most twice as many (two generations: see SPEED). Most interactions are over after one event. */
const HELD = 2_048;

/**
 * What was recorded, as the decisions see it. What this code cannot read is recorded all the same, with a content that
 * nothing equals: the projector parks it, and the later events of its interaction are taken in to wait behind it.
 */
export function received(event: Pick<RecordedEvent, 'id' | 'data'>): InteractionReceived {
  const text = Buffer.from(event.data).toString('utf8');
  try {
    return { eventId: event.id, event: upcast(JSON.parse(text)) };
  } catch {
    return { eventId: event.id, event: { hash: '', at: 0 } };
  }
}

/** Whose state is wanted. */
export interface Wanted {
  readonly stream: string;
  readonly source: string;
}

/** The states of interactions, by their streams: read from their streams, the recent ones remembered. */
export class InteractionStates {
  readonly #guess = new StreamGuess();
  #young = new Map<string, Known>();
  #old = new Map<string, Known>();

  constructor(private readonly log: IngestLog) {}

  /**
   * By stream. `certain` reads whatever is not remembered; else one may be taken for new that is not, where the
   * log finds events by their ids, so that no duplicate is missed for it.
   */
  async load(wanted: Iterable<Wanted>, certain: boolean): Promise<Map<string, Known>> {
    const mayGuess = !certain && this.log.find !== undefined;
    const known = new Map<string, Known>();
    for (const { stream, source } of wanted) {
      if (known.has(stream)) continue;
      const remembered = this.#young.get(stream) ?? this.#old.get(stream);
      if (remembered !== undefined) known.set(stream, remembered);
      else if (mayGuess && this.#guess.isNew(source)) known.set(stream, UNKNOWN);
      else {
        const found = await this.#read(stream);
        this.#guess.learn(source, found !== UNKNOWN);
        known.set(stream, found);
      }
    }
    return known;
  }

  remember(stream: string, known: Known): void {
    if (this.#young.size >= HELD) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(stream, known);
  }

  /** Somebody else wrote to it. */
  forget(stream: string): void {
    this.#young.delete(stream);
    this.#old.delete(stream);
  }

  async #read(stream: string): Promise<Known> {
    const events = this.log.stream?.(stream) ?? (await all(this.log.readStream(stream)));
    const last = events.at(-1);
    if (last === undefined) return UNKNOWN;
    return { state: evolve(NEW_INTERACTION, events.map(received)), position: last.position };
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
