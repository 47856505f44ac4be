import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Arrival, Intake } from '@threadline/channels/intake';
import { ARRIVAL, DECIDES, type EventsAnswer } from '@threadline/contracts/events-answer';
import type { Message } from '@threadline/broker/broker';
import type { EventGroups } from './event-group.js';
import { answerOf, openRequest, type OpenRequest } from './open-request.js';
import { refusalOf } from './write-errors.js';

/** Events of a group, about: requests are taken whole until there are so many. A group is one fsync of each store. */
const GROUP = 2_000;

interface Waiting {
  readonly message: Message;
  readonly arrival: Arrival;
  readonly resolve: (answer: EventsAnswer) => void;
  readonly reject: (error: unknown) => void;
}

interface Opened {
  readonly waiting: Waiting;
  readonly request: OpenRequest;
}

/** A group that is being written. */
interface UnderWay {
  /** Its streams and event ids. */
  readonly names: ReadonlySet<string>;
  readonly answered: Promise<void>;
}

export interface IngestQueueOptions {
  readonly groups: Pick<EventGroups, 'write'>;
  readonly intake: Intake;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Told of errors that say nothing of the disk and nothing of the events: mistakes of ours, and of a disk that failed. */
  readonly unforeseen: (error: unknown) => void;
  /** Groups that are written at once; default 1. More pays where the log is another process. */
  readonly groupsAtOnce?: number;
}

/**
 * Collects what has arrived and writes it in groups: many requests, one fsync. Groups that have a stream or an event in
 * common are written one after the other, in the order of their arrival.
 */
export class IngestQueue {
  readonly #options: IngestQueueOptions;
  readonly #underWay = new Set<UnderWay>();
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(options: IngestQueueOptions) {
    this.#options = options;
  }

  /** Resolves when the request is answered for good; rejects when nothing of it was taken, or nobody knows what was. */
  submit(message: Message): Promise<EventsAnswer> {
    const { mode } = message.headers;
    const arrived = message.headers[ARRIVAL];
    const arrival: Arrival = {
      at: arrived === undefined ? this.#options.clock() : Number(arrived),
      decides: message.headers[DECIDES] === 'true',
      ...(mode === 'backfill' && { mode }),
    };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, arrival, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#underWay.size > 0) {
      await this.#running;
      await Promise.all([...this.#underWay].map(({ answered }) => answered));
    }
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      while (this.#underWay.size >= (this.#options.groupsAtOnce ?? 1)) await this.#oneAnswered();
      // What arrives in this turn of the loop joins the group.
      await nextTurn();
      const group = this.#nextGroup();
      const names = namesOf(group);
      while (this.#isUnderWay(names)) await this.#oneAnswered();
      const underWay = {
        names,
        answered: this.#settle(group).finally(() => this.#underWay.delete(underWay)),
      };
      this.#underWay.add(underWay);
    }
    this.#running = undefined;
  }

  async #oneAnswered(): Promise<void> {
    await Promise.race([...this.#underWay].map(({ answered }) => answered));
  }

  #isUnderWay(names: Iterable<string>): boolean {
    const others = [...this.#underWay];
    if (others.length === 0) return false;
    for (const name of names) if (others.some((other) => other.names.has(name))) return true;
    return false;
  }

  #nextGroup(): Opened[] {
    const group: Opened[] = [];
    let events = 0;
    let taken = 0;
    while (events < GROUP && taken < this.#waiting.length) {
      const waiting = this.#waiting[taken++] as Waiting;
      const request = this.#open(waiting);
      if (request === undefined) continue;
      group.push({ waiting, request });
      events += request.candidates.length;
    }
    this.#waiting = this.#waiting.slice(taken);
    return group;
  }

  async #settle(group: readonly Opened[]): Promise<void> {
    try {
      await this.#write(group);
    } catch (error) {
      if (group.length === 1 || isRetriable(error)) this.#answer(group, error);
      else await this.#oneByOne(group);
      return;
    }
    this.#answer(group);
  }

  /** Something in the group cannot be written, ever: the requests beside it must not suffer for it. */
  async #oneByOne(group: readonly Opened[]): Promise<void> {
    for (const opened of group) {
      try {
        await this.#write([opened]);
        this.#answer([opened]);
      } catch (error) {
        this.#answer([opened], error);
      }
    }
  }

  #answer(group: readonly Opened[], error?: unknown): void {
    if (error !== undefined && !isRetriable(error)) this.#options.unforeseen(error);
    for (const { waiting, request } of group) {
      if (request.candidates.some(({ outcome }) => outcome === 'pending')) waiting.reject(refusalOf(error));
      else waiting.resolve(answerOf(request));
    }
  }

  async #write(group: readonly Opened[]): Promise<void> {
    const candidates = group.flatMap(({ request }) =>
      request.candidates.filter(({ outcome }) => outcome === 'pending'),
    );
    await this.#options.groups.write(candidates);
  }

  /** Undefined where it is answered already. */
  #open({ message, arrival, resolve, reject }: Waiting): OpenRequest | undefined {
    const { headers, body } = message;
    try {
      const opened = openRequest(
        { contentType: headers['content-type'], headers, body },
        arrival,
        this.#options.intake,
      );
      if (!('status' in opened)) return opened;
      resolve(opened);
    } catch (error) {
      this.#options.unforeseen(error);
      reject(error);
    }
    return undefined;
  }
}

function namesOf(group: readonly Opened[]): Set<string> {
  const names = new Set<string>();
  for (const { request } of group)
    for (const { stream, event } of request.candidates) names.add(stream).add(event.eventId);
  return names;
}

const isRetriable = (error: unknown): boolean =>
  (error as { retriable?: unknown } | null)?.retriable === true;
