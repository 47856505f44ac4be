import type { Arrival, Intake } from '@threadline/channels/intake';
import { EVENT_LIMIT, parseEvents, type EventsRequest } from '@threadline/contracts/cloudevents';
import type { EventsAnswer, RejectedEvent } from '@threadline/contracts/events-answer';
import type { Json } from '@threadline/domain/canonical-json';
import { streamOf } from '@threadline/domain/decision';
import { START } from '@threadline/event-store/event-store';
import type { Candidate } from './event-decisions.js';

/** A request that was read: what of it may be written, and what was refused. */
export interface OpenRequest {
  /** One event, not a batch of one. */
  readonly single: boolean;
  readonly candidates: readonly Candidate[];
  /** The place of each candidate in the request. */
  readonly places: readonly number[];
  readonly rejected: readonly RejectedEvent[];
}

/** Reads a request; the answer where there is nothing in it to write. */
export function openRequest(
  request: EventsRequest,
  arrival: Arrival,
  intake: Intake,
): OpenRequest | EventsAnswer {
  const parsed = parseEvents({ ...request, decides: arrival.decides === true });
  if (parsed.kind === 'refused') {
    const { status, code, detail } = parsed;
    return { status, code, detail, rejected: [] };
  }
  const candidates: Candidate[] = [];
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
    const { event } = taken;
    const stream = streamOf(event.type, event.interaction);
    candidates.push({ event, stream, outcome: 'pending', position: START });
    places.push(index);
  });
  return { single: parsed.mode !== 'batch', candidates, places, rejected };
}

/** The answer once every candidate is settled. */
export function answerOf({ single, candidates, places, rejected }: OpenRequest): EventsAnswer {
  const conflicts: RejectedEvent[] = [];
  let accepted = 0;
  let duplicates = 0;
  let position = START;
  candidates.forEach((candidate, i) => {
    if (candidate.outcome === 'accepted') accepted++;
    else if (candidate.outcome === 'duplicate') duplicates++;
    else conflicts.push(conflict(candidate, places[i] as number));
    position = Math.max(position, candidate.position);
  });
  const all =
    conflicts.length === 0 ? rejected : [...rejected, ...conflicts].sort((a, b) => a.index - b.index);
  if (accepted + duplicates > 0) {
    return { status: 202, taken: { accepted, duplicates, rejected: all, position: String(position) } };
  }
  if (single && conflicts.length > 0) {
    return { status: 409, code: 'conflict', detail: CONFLICT, rejected: all };
  }
  const detail =
    all.length === 0 ? 'expected at least one event, but an empty batch came' : 'no event was acceptable';
  return { status: 400, code: 'rejected', detail, rejected: all };
}

const CONFLICT = 'an event with this source and id was accepted before, with another content';

function conflict({ event }: Candidate, index: number): RejectedEvent {
  const problems = [{ path: '', message: CONFLICT }];
  return { index, id: event.cloudEvent.id, code: 'conflict', problems };
}

function idOf(raw: Json): string | null {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return null;
  const { id } = raw;
  return typeof id === 'string' ? id.toWellFormed() : null;
}
