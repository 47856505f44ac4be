import { randomUUID } from 'node:crypto';
import type { AnswerDesk } from '@threadline/broker/answer-desk';
import type { Broker } from '@threadline/broker/broker';
import { ADDED, type DecisionSigner } from '@threadline/channels/kafka-binding';
import { INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';
import { ThreadlineError } from '@threadline/platform/errors';
import type { DecisionIntake } from './api-parts.js';

/** Nobody knows yet what became of it: the broker has it, and it will be in the log. 503. */
export class DecisionPendingError extends ThreadlineError {
  constructor() {
    super('the decision is on its way, and was not in the log in time: the same again changes nothing', {
      code: 'decision-pending',
      retriable: true,
      status: 503,
    });
  }
}

/** Decisions by the way that events take in a cluster: over Kafka to ingest, whose answer is waited for. */
export function kafkaDecisions(
  broker: Pick<Broker, 'publish'>,
  { desk, signer, now }: { desk: AnswerDesk<EventsAnswer>; signer: DecisionSigner; now: () => number },
): DecisionIntake {
  return async (body) => {
    const headers = {
      'content-type': 'application/cloudevents+json',
      [ADDED.arrival]: String(now()),
      [ADDED.decides]: signer.sign(body),
    };
    // A decision belongs to no interaction that others come before or after in.
    const message = { topic: INBOUND, key: randomUUID(), headers, body };
    const answers = await desk.waitFor([message], (messages) => broker.publish(messages));
    const [answer] = answers ?? [];
    if (answer === undefined) throw new DecisionPendingError();
    return answer;
  };
}
