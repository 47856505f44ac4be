import type { Hash } from '@threadline/domain/ids';
import {
  ContentConflictError,
  evolve,
  NEW_INTERACTION,
  receiveInteraction,
  type Interaction,
  type ReceivedEvent,
} from '@threadline/domain/interaction';
import type { Position } from '@threadline/event-store/event-store';
import { received, type IngestLog, type Known } from './interaction-states.js';

/** An event on its way to an answer. */
export interface Candidate {
  readonly event: ReceivedEvent;
  /** Where it belongs. */
  readonly stream: string;
  outcome: 'pending' | 'accepted' | 'duplicate' | 'conflict';
  /** At or after the event, once it is accepted or a duplicate. */
  position: Position;
}

/** What one stream is to get. */
export interface StreamPlan {
  readonly stream: string;
  readonly known: Known;
  /** To append, in order. */
  readonly fresh: Candidate[];
  /** The same events again: duplicates once the first ones are durable. */
  readonly copies: Candidate[];
}

/**
 * Decides on each candidate in the order of its arrival, as if the ones before it were recorded already. Duplicates and
 * conflicts of what the log has are settled here; the plans hold the rest, by stream.
 */
export function decide(
  candidates: readonly Candidate[],
  states: ReadonlyMap<string, Known>,
  log: Pick<IngestLog, 'find'>,
  hash: Hash,
): StreamPlan[] {
  const plans = new Map<string, StreamPlan>();
  const planned = new Map<string, { plan: StreamPlan; state: Interaction }>();
  const elsewhere = recordedElsewhere(candidates, states, log);
  for (const candidate of candidates) {
    const { event, stream } = candidate;
    const { eventId } = event;
    const known = states.get(stream) as Known;
    const first = planned.get(eventId);
    const taken = elsewhere.get(eventId);
    try {
      const state = first?.state ?? taken?.state ?? known.state;
      if (receiveInteraction(event, state, hash).length === 0) {
        if (first === undefined) {
          candidate.outcome = 'duplicate';
          candidate.position = taken?.position ?? known.position;
        } else first.plan.copies.push(candidate);
        continue;
      }
    } catch (error) {
      if (!(error instanceof ContentConflictError)) throw error;
      candidate.outcome = 'conflict';
      continue;
    }
    let plan = plans.get(stream);
    if (plan === undefined) plans.set(stream, (plan = { stream, known, fresh: [], copies: [] }));
    plan.fresh.push(candidate);
    planned.set(eventId, { plan, state: alone(event) });
  }
  return [...plans.values()];
}

/** The state of an interaction in which only this event is recorded. */
const alone = (event: ReceivedEvent): Interaction =>
  evolve(NEW_INTERACTION, [{ eventId: event.eventId, event }]);

/** Names that are taken in another stream: the same `source` and `id`, sent with another `object`, or as another kind of event. */
function recordedElsewhere(
  candidates: readonly Candidate[],
  states: ReadonlyMap<string, Known>,
  log: Pick<IngestLog, 'find'>,
): Map<string, Known> {
  const taken = new Map<string, Known>();
  if (log.find === undefined) return taken;
  for (const { event, stream } of candidates) {
    const { eventId } = event;
    const { state } = states.get(stream) as Known;
    if (taken.has(eventId) || (state.status === 'recorded' && state.events.has(eventId))) continue;
    const [found] = log.find(eventId);
    if (found === undefined) continue;
    taken.set(eventId, { state: evolve(NEW_INTERACTION, [received(found)]), position: found.position });
  }
  return taken;
}
