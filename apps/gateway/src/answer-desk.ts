import { randomUUID } from 'node:crypto';
import type { Message } from '@threadline/broker/broker';
import { ADDED } from '@threadline/channels/kafka-binding';
import type { EventsAnswer } from '@threadline/contracts/events-answer';

/** Milliseconds that a sender waits for the log (the contract says so). */
const PATIENCE = 5_000;

/** Where this gateway's senders wait for what ingest answers: on a topic that every gateway follows. */
export class AnswerDesk {
  /** Names this gateway among all. */
  readonly #name = randomUUID();
  readonly #waiting = new Map<string, (answer: EventsAnswer) => void>();
  readonly #patience: number;
  #next = 0;

  constructor(patience: number = PATIENCE) {
    this.#patience = patience;
  }

  /**
   * Publishes the messages with the wish to be answered. The answers, in their order, or undefined where one of them has
   * not come in time: the broker has the events all the same.
   */
  async waitFor(
    messages: readonly Message[],
    publish: (messages: readonly Message[]) => Promise<unknown>,
  ): Promise<EventsAnswer[] | undefined> {
    const tickets = messages.map(() => `${this.#name}/${this.#next++}`);
    const late = Promise.withResolvers<undefined>();
    const answers = tickets.map(
      (ticket) => new Promise<EventsAnswer>((resolve) => this.#waiting.set(ticket, resolve)),
    );
    const timer = setTimeout(() => late.resolve(undefined), this.#patience);
    try {
      await publish(
        messages.map((message, index) => ({
          ...message,
          headers: { ...message.headers, [ADDED.answerTo]: tickets[index] as string },
        })),
      );
      return await Promise.race([Promise.all(answers), late.promise]);
    } finally {
      clearTimeout(timer);
      for (const ticket of tickets) this.#waiting.delete(ticket);
    }
  }

  /** An answer, to whichever gateway; the ticket is its key. */
  take({ key, body }: Message): void {
    if (key === undefined) return;
    const resolve = this.#waiting.get(key);
    if (resolve === undefined) return;
    try {
      resolve(JSON.parse(Buffer.from(body).toString('utf8')) as EventsAnswer);
    } catch {
      // Whatever it is, ingest did not write it: the sender waits until its time is over.
    }
  }
}
