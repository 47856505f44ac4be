import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  BACKWARDS,
  convertToCommandError,
  END,
  ErrorType,
  EventStoreDBClient,
  eventTypeFilter,
  FORWARDS,
  isCommandError,
  NO_STREAM,
  START as DRIVER_START,
  StreamNotFoundError,
  streamNameFilter,
  WrongExpectedVersionError,
  type Filter as DriverFilter,
  type Position as DriverPosition,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client';
import { status, type Channel } from '@grpc/grpc-js';
import { ConnectionStringError, StoreRefusedError } from '../errors.js';
import { START, type Append, type Filter, type Position, type RecordedEvent } from '../event-store.js';
import { BatchAppends, type DriverParts, type Written } from './batch-appends.js';
import { driverConnectionString } from './connection-string.js';
import { gotMetadata, jsonBytes } from './exact-content.js';
import { serverFilter } from './filters.js';
import { Mailbox } from './mailbox.js';

/** Events that the server looks at between two checkpoints, in its windows of 32. */
const CHECKPOINT_INTERVAL = 8;

/** Milliseconds that calls have to end in. */
const CLOSE_WITHIN = 2_000;

/** What a subscription tells, in order. */
export type Told =
  | { readonly kind: 'event'; readonly event: RecordedEvent }
  | { readonly kind: 'checkpoint'; readonly position: Position }
  | { readonly kind: 'caught-up' };

export type Appended =
  ({ readonly status: 'written' } & Written) | { readonly status: 'wrong-revision'; readonly actual: number };

/** `@eventstore/db-client`, and what has to be known of it; nobody else imports it. Errors come as the driver's. */
export class Driver {
  readonly #client: EventStoreDBClient;
  readonly #appends: BatchAppends;

  /** Throws `ConnectionStringError`; connects with the first call. */
  constructor(connectionString: string) {
    const text = driverConnectionString(connectionString);
    try {
      this.#client = EventStoreDBClient.connectionString(text);
    } catch (error) {
      // The driver's own message repeats the string, and the password in it.
      const file = error instanceof Error && error.message.includes('certificate');
      throw new ConnectionStringError(file ? 'names a certificate file that is not there' : 'cannot be read');
    }
    this.#appends = new BatchAppends(this.#client as unknown as DriverParts, convertToCommandError);
  }

  /** Cancels what runs. The driver itself leaves its connection open, which keeps the process alive. */
  async close(): Promise<void> {
    await Promise.race([this.#client.dispose(), delay(CLOSE_WITHIN, undefined, { ref: false })]);
    const { getChannel } = this.#client as unknown as { getChannel(this: void): Promise<Channel> };
    (await getChannel()).close();
  }

  /** `within`: milliseconds that the server has for it. */
  async append(append: Append, within: number): Promise<Appended> {
    try {
      return { status: 'written', ...(await this.#appends.append(append, Date.now() + within)) };
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      const { actualVersion } = error;
      return { status: 'wrong-revision', actual: actualVersion === NO_STREAM ? -1 : Number(actualVersion) };
    }
  }

  /** Nothing where the stream does not exist. `from` is inclusive. */
  async *readStream(
    stream: string,
    { from, backwards, limit }: { from: number | undefined; backwards: boolean; limit: number },
  ): AsyncGenerator<RecordedEvent, void, void> {
    const start = backwards ? END : DRIVER_START;
    const read = this.#client.readStream(stream, {
      direction: backwards ? BACKWARDS : FORWARDS,
      fromRevision: from === undefined ? start : BigInt(from),
      ...(limit === Infinity ? {} : { maxCount: limit }),
    });
    try {
      yield* eventsOf(read);
    } catch (error) {
      if (error instanceof StreamNotFoundError) return;
      throw error;
    }
  }

  /** Everything in $all, the server's own events among it, after that position (exclusive). */
  async *after(position: Position, limit: number): AsyncGenerator<RecordedEvent, void, void> {
    const read = this.#client.readAll({
      fromPosition: driverPosition(position),
      // A read begins at its position, which is that of the event before.
      ...(limit === Infinity ? {} : { maxCount: limit + 1 }),
    });
    for await (const event of eventsOf(read)) if (event.position > position) yield event;
  }

  /** The last events of $all, the latest first. */
  last(limit: number): AsyncGenerator<RecordedEvent, void, void> {
    return eventsOf(
      this.#client.readAll({
        direction: BACKWARDS,
        fromPosition: END,
        ...(limit === Infinity ? {} : { maxCount: limit }),
      }),
    );
  }

  /**
   * A subscription to $all after that position, into a mailbox. What passes the filter is told, and more may be: the
   * server filters by one of the two. The mailbox ends when the subscription does; `stop` ends it.
   */
  follow(after: Position, filter: Filter): { readonly told: Mailbox<Told>; readonly stop: () => void } {
    const told = new Mailbox<Told>();
    const subscription = this.#client.subscribeToAll({
      fromPosition: driverPosition(after),
      filter: driverFilter(filter, (position) => {
        // Events that came before it may still lie in the driver's buffer. It must not throw: that would stall it for ever.
        try {
          drain();
          told.put({ kind: 'checkpoint', position: placeOf(position) });
        } catch (error) {
          fail(error);
        }
        return told.room();
      }),
    });
    const drain = (): void => {
      for (;;) {
        const resolved = subscription.read() as ResolvedEvent | null;
        if (resolved === null) return;
        if (resolved.event !== undefined) told.put({ kind: 'event', event: recorded(resolved.event) });
      }
    };
    /** As long as the mailbox is full the driver's own buffer fills, and then gRPC's. */
    let waiting = false;
    const take = async (): Promise<void> => {
      if (waiting) return;
      waiting = true;
      await told.room();
      waiting = false;
      drain();
    };
    const fail = (error: unknown): void => {
      told.end(error instanceof Error ? error : new Error(String(error)));
    };
    const attempt = (work: () => void | Promise<void>) => (): void => {
      Promise.resolve().then(work).catch(fail);
    };
    subscription
      .on('readable', attempt(take))
      .on('caughtUp', () => {
        try {
          drain();
          told.put({ kind: 'caught-up' });
        } catch (error) {
          fail(error);
        }
      })
      .on('error', fail)
      .on('end', () => told.end(undefined))
      .on('close', () => told.end(undefined));
    return {
      told,
      stop: () => {
        told.end(undefined);
        // Rejects where the call could not even begin.
        subscription.unsubscribe().catch(() => undefined);
      },
    };
  }
}

/**
 * The events of a read. It is cancelled when nobody wants more, and then runs out: the driver leaves a read open whose
 * consumer has gone, emits errors that nobody listens to any more, and `dispose` waits for ever for one that stands still.
 */
async function* eventsOf(read: StreamingRead<ResolvedEvent>): AsyncGenerator<RecordedEvent, void, void> {
  read.on('error', () => undefined);
  const events = (read as unknown as Readable).iterator({
    destroyOnReturn: false,
  }) as AsyncIterable<ResolvedEvent>;
  try {
    for await (const { event } of events) if (event !== undefined) yield recorded(event);
  } finally {
    read.cancel().catch(() => undefined);
    read.resume();
  }
}

function recorded(event: NonNullable<ResolvedEvent['event']>): RecordedEvent {
  // The driver reads what an old server leaves out as 0, where no event of ours can be.
  const position = event.position === undefined ? 0 : placeOf(event.position);
  if (position === 0 && !event.streamId.startsWith('$')) {
    throw new StoreRefusedError('positions of events', new Error('the server is older than 22.6'));
  }
  const metadata = gotMetadata(event.metadata);
  return {
    position,
    stream: event.streamId,
    revision: Number(event.revision),
    id: event.id,
    type: event.type,
    recordedAt: event.created.getTime(),
    data: event.isJson ? jsonBytes(event.data) : event.data,
    ...(metadata !== undefined && { metadata }),
  };
}

/** A byte in the server's log: a number holds it up to 9 petabytes. */
const placeOf = ({ commit }: DriverPosition): Position => Number(commit);

const driverPosition = (position: Position): DriverPosition | typeof DRIVER_START =>
  position === START ? DRIVER_START : { commit: BigInt(position), prepare: BigInt(position) };

function driverFilter(filter: Filter, reached: (position: DriverPosition) => Promise<void>): DriverFilter {
  const options = {
    checkpointInterval: CHECKPOINT_INTERVAL,
    checkpointReached: (_: unknown, position: DriverPosition) => reached(position),
  };
  const wanted = serverFilter(filter);
  if ('prefixes' in wanted) return streamNameFilter({ ...options, prefixes: [...wanted.prefixes] });
  const { on, regex } = wanted;
  return on === 'streams' ? streamNameFilter({ ...options, regex }) : eventTypeFilter({ ...options, regex });
}

const REFUSALS: ReadonlySet<ErrorType> = new Set([
  ErrorType.ACCESS_DENIED,
  ErrorType.MAXIMUM_APPEND_SIZE_EXCEEDED,
  ErrorType.STREAM_DELETED,
  ErrorType.INVALID_ARGUMENT,
  ErrorType.MISSING_REQUIRED_METADATA_PROPERTY,
  ErrorType.UNSUPPORTED,
]);

const REFUSING_CODES: ReadonlySet<unknown> = new Set([
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
  status.UNIMPLEMENTED,
  status.FAILED_PRECONDITION,
]);

/**
 * What the driver says of an answer to a batch append whose details it does not know. A node that is starting, busy or
 * without a leader answers so, and that passes; the rest are bad requests.
 */
const UNKNOWN_ANSWER = /^Could not recognize (?!Server Is |No leader info |Unknown NotHandledReason )/;

/** Will it be refused again? Anything else may come right, and of an append nobody knows whether it was written. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof StoreRefusedError) return true;
  if (!(error instanceof Error && isCommandError(error))) return false;
  return REFUSALS.has(error.type) || REFUSING_CODES.has(error.code) || UNKNOWN_ANSWER.test(error.message);
}
