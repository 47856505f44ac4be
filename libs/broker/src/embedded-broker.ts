import type { MessagePort } from 'node:worker_threads';
import {
  BrokerClosedError,
  HandlerFailedError,
  OverloadedError,
  UnhandledTopicError,
  type Broker,
  type Handler,
  type Message,
} from './broker.js';

export interface EmbeddedBrokerOptions {
  /** Messages that may be under way at once. */
  readonly messagesInFlight?: number;
  /** Bytes of bodies that may be under way at once. */
  readonly bytesInFlight?: number;
}

interface Sent {
  readonly id: number;
  readonly messages: readonly Message[];
}

interface Failure {
  readonly message: string;
  readonly code: string;
  readonly retriable: boolean;
  readonly status?: number;
  readonly retryAfter?: number;
}

type Reply = readonly [id: number, answers: readonly unknown[] | undefined, failure: Failure | undefined];

/** What crosses the port: calls one way, replies the other, as many as a turn of the loop has brought. */
type Crossing = { readonly sent: Sent } | { readonly replies: readonly Reply[] };

interface Waiting {
  readonly count: number;
  readonly bytes: number;
  readonly resolve: (answers: unknown[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The broker of the default mode: one end of a MessagePort; the other end, in another thread as a rule, is an
 * `EmbeddedBroker` as well, and either may publish and consume. A message is safe when the handler has answered.
 */
export class EmbeddedBroker implements Broker {
  readonly #port: MessagePort;
  readonly #messagesInFlight: number;
  readonly #bytesInFlight: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #early: Sent[] = [];
  #topics: ReadonlySet<string> | undefined;
  #handler: Handler | undefined;
  #replies: Reply[] = [];
  #messages = 0;
  #bytes = 0;
  #handling = 0;
  #next = 1;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(
    port: MessagePort,
    { messagesInFlight = 512, bytesInFlight = 64 * 1_048_576 }: EmbeddedBrokerOptions = {},
  ) {
    this.#port = port;
    this.#messagesInFlight = messagesInFlight;
    this.#bytesInFlight = bytesInFlight;
    port.on('message', (crossing: Crossing) => {
      if ('replies' in crossing) for (const reply of crossing.replies) this.#settle(reply);
      else this.#receive(crossing.sent);
    });
    port.on('close', () => this.#abandon());
  }

  /** How much is under way: what the metrics show. */
  get inFlight(): { messages: number; bytes: number } {
    return { messages: this.#messages, bytes: this.#bytes };
  }

  async publish(messages: readonly Message[]): Promise<unknown[]> {
    if (this.#closed) throw new BrokerClosedError();
    if (messages.length === 0) return [];
    let bytes = 0;
    for (const { body } of messages) bytes += body.byteLength;
    // One call is always taken when nothing else is under way, or a large one would never be.
    const full =
      this.#messages + messages.length > this.#messagesInFlight || this.#bytes + bytes > this.#bytesInFlight;
    if (full && this.#messages > 0) throw new OverloadedError();
    const id = this.#next++;
    const packed = messages.map((message) => ({ ...message, body: packedBody(message.body) }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { count: messages.length, bytes, resolve, reject });
      this.#messages += messages.length;
      this.#bytes += bytes;
      const buffers = new Set(packed.map(({ body }) => body.buffer));
      this.#port.postMessage({ sent: { id, messages: packed } } satisfies Crossing, [...buffers]);
    });
  }

  async consume(topics: readonly string[], handler: Handler): Promise<void> {
    if (this.#handler !== undefined) throw new TypeError('an embedded broker is consumed once');
    this.#topics = new Set(topics);
    this.#handler = handler;
    for (const sent of this.#early.splice(0)) this.#receive(sent);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#waiting.size > 0 || this.#handling > 0)
      await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#flush();
    this.#port.close();
  }

  #receive(sent: Sent): void {
    const handler = this.#handler;
    if (handler === undefined) {
      this.#early.push(sent);
      return;
    }
    this.#handling++;
    void this.#answers(sent.messages, handler).then(
      (answers) => this.#reply([sent.id, answers, undefined]),
      (error: unknown) => this.#reply([sent.id, undefined, failureOf(error)]),
    );
  }

  async #answers(messages: readonly Message[], handler: Handler): Promise<unknown[]> {
    for (const { topic } of messages) if (!this.#topics?.has(topic)) throw new UnhandledTopicError(topic);
    const [only] = messages;
    if (messages.length === 1 && only !== undefined) return [await handler(only)];
    return Promise.all(messages.map((message) => handler(message)));
  }

  /** Replies are gathered until the work of this turn is done: a group that was committed together goes back together. */
  #reply(reply: Reply): void {
    this.#handling--;
    if (this.#replies.push(reply) === 1) process.nextTick(() => this.#flush());
    this.#wake();
  }

  #flush(): void {
    if (this.#replies.length === 0) return;
    const replies = this.#replies;
    this.#replies = [];
    this.#port.postMessage({ replies } satisfies Crossing);
  }

  #settle([id, answers, failure]: Reply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#forget(id, waiting);
    if (failure === undefined) waiting.resolve([...(answers ?? [])]);
    else waiting.reject(new HandlerFailedError(failure.message, failure));
    this.#wake();
  }

  #forget(id: number, { count, bytes }: Waiting): void {
    this.#waiting.delete(id);
    this.#messages -= count;
    this.#bytes -= bytes;
  }

  /** The other end is gone. */
  #abandon(): void {
    this.#closed = true;
    for (const [id, waiting] of this.#waiting) {
      this.#forget(id, waiting);
      waiting.reject(new BrokerClosedError());
    }
    this.#wake();
  }

  #wake(): void {
    if (this.#waiting.size === 0 && this.#handling === 0) this.#idle?.();
  }
}

/** The bytes in an ArrayBuffer of their own: of a pooled Buffer the whole pool would cross, and be lost to its owner. */
function packedBody(body: Uint8Array): Uint8Array<ArrayBuffer> {
  if (body.buffer instanceof ArrayBuffer && body.byteLength === body.buffer.byteLength) {
    return new Uint8Array(body.buffer);
  }
  return Uint8Array.from(body);
}

function failureOf(error: unknown): Failure {
  const { message, code, retriable, status, retryAfter } = (error ?? {}) as Partial<
    Record<keyof Failure, unknown>
  >;
  return {
    message: typeof message === 'string' ? message : 'the handler failed',
    code: typeof code === 'string' ? code : 'handler-failed',
    retriable: retriable === true,
    ...(typeof status === 'number' && { status }),
    ...(typeof retryAfter === 'number' && { retryAfter }),
  };
}
