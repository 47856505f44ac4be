import { randomUUID } from 'node:crypto';
import type { Message } from './broker.js';

/** Milliseconds that a sender waits for the log (the contract says so). */
const PATIENCE = 5_000;

/**
 * Where those wait who want to be answered, on a broker that keeps messages and answers nobody: on a topic that every
 * process that asks follows from its end. An answer's key is the ticket that the message had; its body is JSON.
 */
export class AnswerDesk<Answer> {
  /** Names this process among all. */
  readonly #name = randomUUID();
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #patience: number;
  #next = 0;

  /** `header` has the ticket; `patience` in milliseconds. */
  constructor(
    private readonly header: string,
    patience: number = PATIENCE,
  ) {
    this.#patience = patience;
  }

  /**
   * Publishes the messages with the wish to be answered. The answers, in their order, or undefined where one of them has
   * not come in time: the broker has the events all the same.
   */
  async waitFor(
    messages: readonly Message[],
    publish: (messages: readonly Message[]) => Promise<unknown>,
  ): Promise<Answer[] | undefined> {
    const tickets = messages.map(() => `${this.#name}/${this.#next++}`);
    const late = Promise.withResolvers<undefined>();
    const answers = tickets.map(
      (ticket) => new Promise<Answer>((resolve) => this.#waiting.set(ticket, resolve)),
    );
    const timer = setTimeout(() => late.resolve(undefined), this.#patience);
    try {
      await publish(
        messages.map((message, index) => ({
          ...message,
          headers: { ...message.headers, [this.header]: tickets[index] as string },
        })),
      );
      return await Promise.race([Promise.all(answers), late.promise]);
    } finally {
      clearTimeout(timer);
      for (const ticket of tickets) this.#waiting.delete(ticket);
    }
  }

  /** An answer, to whoever asked. */
  take({ key, body }: Message): void {
    if (key === undefined) return;
    const resolve = this.#waiting.get(key);
    if (resolve === undefined) return;
    try {
      resolve(JSON.parse(Buffer.from(body).toString('utf8')) as Answer);
    } catch {
      // Whatever it is, it is no answer: who waits does so until his time is over.
    }
  }
}
