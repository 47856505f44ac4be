import {
  EVENT_LIMIT,
  parseEvents,
  type ContentMode,
  type EventsRequest,
} from '@threadline/contracts/cloudevents';
import type { EdgeAnswer, EventsAnswer, RejectedEvent } from '@threadline/contracts/events-answer';
import type { Json } from '@threadline/domain/canonical-json';
import type { ReceivedEvent } from '@threadline/domain/interaction';
import type { Arrival, Intake } from './intake.js';

/** A request that was read: what of it may be written, and what was refused. */
export interface TakenRequest {
  readonly mode: ContentMode;
  readonly received: readonly ReceivedEvent[];
  /** The place of each in the request. */
  readonly places: readonly number[];
  readonly rejected: readonly RejectedEvent[];
}

/** Reads a request; the answer where nothing of it can be read. */
export function takeRequest(
  request: EventsRequest,
  arrival: Arrival,
  intake: Intake,
): TakenRequest | Exclude<EventsAnswer, { status: 202 }> {
  const parsed = parseEvents({ ...request, decides: arrival.decides === true });
  if (parsed.kind === 'refused') {
    const { status, code, detail } = parsed;
    return { status, code, detail, rejected: [] };
  }
  const received: ReceivedEvent[] = [];
  const places: number[] = [];
  const rejected: RejectedEvent[] = [];
  parsed.events.forEach((raw, index) => {
    if (parsed.tooLarge.has(index)) {
      const message = `expected an event of at most ${EVENT_LIMIT} bytes`;
      rejected.push({ index, id: idOf(raw), code: 'too-large', problems: [{ path: '', message }] });
      return;
    }
    const taken = intake.take(raw, arrival);
    if (taken.kind === 'refused') {
      rejected.push({ index, id: idOf(raw), code: 'invalid', problems: taken.problems });
      return;
    }
    received.push(taken.event);
    places.push(index);
  });
  return { mode: parsed.mode, received, places, rejected };
}

/** What became of a request. */
export interface Outcome<P extends string | null> {
  /** One event, not a batch of one. */
  readonly single: boolean;
  readonly accepted: number;
  readonly duplicates: number;
  /** In any order. */
  readonly rejected: readonly RejectedEvent[];
  readonly position: P;
}

export const CONFLICT = 'an event with this source and id was accepted before, with another content';

/** What is answered: 202 as soon as one event is taken or known already. */
export function answerTo(outcome: Outcome<string>): EventsAnswer;
export function answerTo(outcome: Outcome<string | null>): EdgeAnswer;
export function answerTo(outcome: Outcome<string | null>): EdgeAnswer {
  const { single, accepted, duplicates, position } = outcome;
  const rejected = [...outcome.rejected].sort((a, b) => a.index - b.index);
  if (accepted + duplicates > 0) {
    const counts = { accepted, duplicates, rejected };
    // Two shapes, of which the compiler cannot see that they are one.
    return position === null
      ? { status: 202, taken: { ...counts, position } }
      : { status: 202, taken: { ...counts, position } };
  }
  if (single && rejected.some(({ code }) => code === 'conflict'))
    return { status: 409, code: 'conflict', detail: CONFLICT, rejected };
  const detail =
    rejected.length === 0
      ? 'expected at least one event, but an empty batch came'
      : 'no event was acceptable';
  return { status: 400, code: 'rejected', detail, rejected };
}

function idOf(raw: Json): string | null {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return null;
  const { id } = raw;
  return typeof id === 'string' ? id.toWellFormed() : null;
}
