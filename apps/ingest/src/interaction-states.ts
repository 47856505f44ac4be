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

/** Streams that are read at the same time. */
const READ_AT_ONCE = 64;

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
   * By stream. `certain` reads whatever is not remembered; else one may be taken for new that is not. No duplicate is
   * missed for it: a log on the same disk finds it by its id, any other refuses the append by its expected revision.
   */
  async load(wanted: Iterable<Wanted>, certain: boolean): Promise<Map<string, Known>> {
    const known = new Map<string, Known>();
    const unknown: Wanted[] = [];
    for (const one of wanted) {
      const { stream, source } = one;
      if (known.has(stream)) continue;
      const remembered = this.#young.get(stream) ?? this.#old.get(stream);
      if (remembered === undefined && (certain || !this.#guess.isNew(source))) unknown.push(one);
      known.set(stream, remembered ?? UNKNOWN);
    }
    // A few at a time: over a network each is a round trip.
    for (let from = 0; from < unknown.length; from += READ_AT_ONCE) {
      const some = unknown.slice(from, from + READ_AT_ONCE);
      const found = await Promise.all(some.map(({ stream }) => this.#read(stream)));
      some.forEach(({ stream, source }, index) => {
        const one = found[index] as Known;
        this.#guess.learn(source, one !== UNKNOWN);
        known.set(stream, one);
      });
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
