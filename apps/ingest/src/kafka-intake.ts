import type { Broker, Message } from '@threadline/broker/broker';
import { ADDED, fromKafkaHeaders, type DecisionSigner } from '@threadline/channels/kafka-binding';
import { ANSWERS, type EventsAnswer } from '@threadline/contracts/events-answer';
import { ThreadlineError } from '@threadline/platform/errors';

export interface KafkaIntakeOptions {
  readonly signer: DecisionSigner;
  /** Told what became of each message. */
  readonly taken: (outcome: 'accepted' | 'duplicate' | 'refused') => void;
  /** Told where an answer could not be sent: who waits for it will see that none comes. */
  readonly unanswered: (error: unknown) => void;
}

/** The message will never be taken as it is: it goes to the dead letters. */
export class RefusedEventError extends ThreadlineError {
  /** Each with its place in the event. */
  readonly problems: readonly unknown[];
  constructor(answer: Exclude<EventsAnswer, { status: 202 }>) {
    const [rejected] = answer.rejected;
    super(answer.detail, { code: rejected?.code ?? answer.code, retriable: false, status: answer.status });
    this.problems = rejected?.problems ?? [];
  }
}

const BATCH: Exclude<EventsAnswer, { status: 202 }> = {
  status: 415,
  code: 'unknown-content-type',
  detail: 'expected one event in structured or binary mode, but a batch came',
  rejected: [],
};

/**
 * A broker whose messages are events of anybody: from our gateways, or straight from other programs, which are checked no
 * less. Handlers see them as HTTP brings them. What they refuse becomes a dead letter, and who waits is answered.
 */
export function kafkaIntake(broker: Broker, options: KafkaIntakeOptions): Broker {
  const { signer, taken, unanswered } = options;
  const answer = async (ticket: string | undefined, given: EventsAnswer): Promise<void> => {
    if (ticket === undefined) return;
    const body = Buffer.from(JSON.stringify(given));
    await broker.publish([{ topic: ANSWERS, key: ticket, headers: {}, body }]).catch(unanswered);
  };
  return {
    publish: (messages) => broker.publish(messages),
    close: () => broker.close(),
    consume: (topics, handler) =>
      broker.consume(topics, async (message: Message) => {
        const decides = signer.isSigned(message.body, message.headers[ADDED.decides]);
        const headers = fromKafkaHeaders(message.headers, decides);
        const given =
          headers === undefined ? BATCH : ((await handler({ ...message, headers })) as EventsAnswer);
        // Not waited for: whether somebody is told does not say whether it is done.
        void answer(message.headers[ADDED.answerTo], given);
        if (given.status !== 202) {
          taken('refused');
          throw new RefusedEventError(given);
        }
        taken(given.taken.accepted > 0 ? 'accepted' : 'duplicate');
      }),
  };
}

/** What says of no message that it is wrong, though trying again would not help by itself: somebody has to mend it. */
const MENDED_BY_PEOPLE = ['store-refused', 'vault-settings', 'vault-missing', 'master-key'];

/**
 * Nothing can be written for now, whatever comes: so it is with every error of the stores that may pass, but not when
 * other writers were faster, which is of one interaction.
 */
export function isOutage(error: unknown): boolean {
  const { code, retriable } = (error ?? {}) as { code?: unknown; retriable?: unknown };
  if (typeof code !== 'string') return false;
  return (retriable === true && code !== 'contended') || MENDED_BY_PEOPLE.includes(code);
}
