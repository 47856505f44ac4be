import type { Broker } from '@threadline/broker/broker';
import { INBOUND, type EventsAnswer } from '@threadline/contracts/events-answer';

export interface Taken {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** The same broker, with what became of the events told. */
export function countingBroker(broker: Broker, taken: (counts: Taken) => void): Broker {
  return {
    publish: async (messages) => {
      const answers = await broker.publish(messages);
      messages.forEach(({ topic }, index) => {
        if (topic === INBOUND) taken(countsOf(answers[index] as EventsAnswer));
      });
      return answers;
    },
    consume: (topics, handler) => broker.consume(topics, handler),
    close: () => broker.close(),
  };
}

const countsOf = (answer: EventsAnswer): Taken =>
  answer.status === 202
    ? { ...answer.taken, rejected: answer.taken.rejected.length }
    : { accepted: 0, duplicates: 0, rejected: answer.rejected.length };
