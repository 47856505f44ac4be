import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { UnhandledTopicError, type Broker, type Message } from './broker.js';

/**
 * Feeds Nest's handlers from a broker: each `@MessagePattern('<topic>')` consumes that topic, gets the `Message` as its
 * payload, and answers the publisher with what it returns. Whatever the broker is, the handlers are the same.
 */
export class BrokerServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('threadline-broker');

  constructor(private readonly broker: Broker) {
    super();
  }

  listen(done: (error?: unknown) => void): void {
    const topics = [...this.messageHandlers.keys()];
    this.broker.consume(topics, (message) => this.#handle(message)).then(() => done(), done);
  }

  close(): Promise<void> {
    return this.broker.close();
  }

  /** A broker tells nothing of itself but through its calls. */
  on(event: string): never {
    throw new TypeError(`a broker has no event ${event}`);
  }

  unwrap<T>(): T {
    return this.broker as T;
  }

  async #handle(message: Message): Promise<unknown> {
    // Not by getHandlerByPattern: it reads a pattern as JSON first.
    const handler: MessageHandler<Message> | undefined = this.messageHandlers.get(message.topic);
    if (handler === undefined) throw new UnhandledTopicError(message.topic);
    const result: unknown = await handler(message, undefined);
    return lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
  }
}
