import { ThreadlineError, type ErrorTraits } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** What is handed over. Names of headers are those of who sent it; ours are in lower case. */
export interface Message {
  /** Plural noun, such as `interactions.inbound`. */
  readonly topic: string;
  /** What has to stay in order among itself; absent: nothing. */
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Takes one message. What it resolves to is the answer: plain data (strings, numbers, arrays, objects of these). */
export type Handler = (message: Message) => Promise<unknown>;

/**
 * The way from those who take events in to those who write them down. Guarantees, each proven by the contract suite:
 * - `publish` resolves when every message is safe: handled, with the handler's answers in the same order (a broker in
 *   the process), or kept for good, with `undefined` in their place (a broker with a disk of its own);
 * - it takes all of the messages or none: `OverloadedError` means that none was taken. Where a broker in another process
 *   goes away in the middle, nobody knows: `BrokerUnavailableError`, and the same again is right;
 * - messages reach the handler unchanged, and those of one key in the order in which they were published;
 * - what a handler throws reaches the publisher with its `code` and `retriable` (a broker in the process), or the message
 *   is handed over again while that is worth it and put aside then, never dropped (a broker with a disk of its own);
 * - `close` lets what is in flight come to its end and takes nothing new.
 */
export interface Broker {
  /** The bodies belong to the broker from now on: the caller must not look at them again. */
  publish(messages: readonly Message[]): Promise<unknown[]>;
  /** Hands over what comes in on these topics, also what waits already. Once per broker; many at a time. */
  consume(topics: readonly string[], handler: Handler): Promise<void>;
  close(): Promise<void>;
}

/** As much is in flight as is allowed; nothing of the call was taken. 503. */
export class OverloadedError extends ThreadlineError {
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number;
  constructor(retryAfter = 1) {
    super('too much is in flight: nothing was taken', { code: 'overloaded', retriable: true, status: 503 });
    this.retryAfter = retryAfter;
  }
}

/** The broker, or whoever it hands over to, is gone. What was in flight may or may not have been handled. 503. */
export class BrokerClosedError extends ThreadlineError {
  constructor() {
    super('the broker is closed', { code: 'broker-closed', retriable: true, status: 503 });
  }
}

/** What is kept for good could not be kept, or nobody knows whether it was: sent again, it is. 503. */
export class BrokerUnavailableError extends ThreadlineError {
  /** Seconds. */
  readonly retryAfter = 5;
  constructor(cause: unknown) {
    super('the broker does not answer: what was sent may or may not have been taken, and may be sent again', {
      code: 'broker-unavailable',
      retriable: true,
      status: 503,
      cause,
    });
  }
}

/** The broker does not let us in, or we do not trust it: what we are configured with is wrong. Exit code 78. */
export class BrokerRefusedError extends ThreadlineError {
  constructor(reason: string, cause: unknown) {
    super(`the broker and we do not come together, see THREADLINE_KAFKA: ${reason}`, {
      code: 'broker-refused',
      retriable: false,
      status: 503,
      exitCode: EXIT.configuration,
      cause,
    });
  }
}

/** Nobody consumes the topic: a mistake of ours, not of the sender. */
export class UnhandledTopicError extends ThreadlineError {
  constructor(topic: string) {
    super(`nobody consumes the topic ${topic}`, { code: 'unhandled-topic', retriable: false });
  }
}

/** What a handler threw, as it comes back to the publisher; `code`, `retriable` and what HTTP says are the original's. */
export class HandlerFailedError extends ThreadlineError {
  /** Seconds, where the original told it. */
  readonly retryAfter: number | undefined;
  constructor(message: string, traits: ErrorTraits & { readonly retryAfter?: number }) {
    super(message, traits);
    this.retryAfter = traits.retryAfter;
  }
}
