import type { Arrival, Intake } from '@threadline/channels/intake';
import { answerTo, CONFLICT, takeRequest } from '@threadline/channels/request-intake';
import type { EventsRequest } from '@threadline/contracts/cloudevents';
import type { EventsAnswer, RejectedEvent } from '@threadline/contracts/events-answer';
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
  const taken = takeRequest(request, arrival, intake);
  if ('status' in taken) return taken;
  const { mode, received, places, rejected } = taken;
  const candidates = received.map((event): Candidate => {
    const stream = streamOf(event.type, event.interaction);
    return { event, stream, outcome: 'pending', position: START };
  });
  return { single: mode !== 'batch', candidates, places, rejected };
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
  return answerTo({
    ...{ single, accepted, duplicates },
    rejected: [...rejected, ...conflicts],
    position: String(position),
  });
}

function conflict({ event }: Candidate, index: number): RejectedEvent {
  const problems = [{ path: '', message: CONFLICT }];
  return { index, id: event.cloudEvent.id, code: 'conflict', problems };
}
