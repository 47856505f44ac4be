import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { CorruptEventError } from '@threadline/event-store/errors';
import type { EventStore, LocalLog, RecordedEvent } from '@threadline/event-store/event-store';
import { isRetriable } from '@threadline/platform/errors';
import type { CustomerReads } from '@threadline/read-store/customers/customer-reads';
import { decisionBlock, liveBlock, rulesBlock, type LiveBlock, type LiveEvent } from './live-block.js';
import type { ReadProgress } from './read-progress.js';

/** Positions that are derived at once: one visit to the log, one to the read models. */
const PAGE = 64;
/** Pages kept for the watchers that come a little later. */
const KEPT = 32;
/** Milliseconds until what cannot be read now is tried again. */
const AGAIN = 500;

/** What of a live event can be told without opening it: see `openClear`. */
export type OpenClear = (events: readonly RecordedEvent[]) => Promise<LiveEvent[]>;

export interface Page {
  /** The watcher goes on after this position. */
  readonly end: number;
  readonly blocks: readonly LiveBlock[];
}

export interface WatchOptions {
  /** Exclusive; absent: from now. */
  readonly after?: number;
  readonly store?: string;
  /** Any id of the customer. */
  readonly customer?: string;
  readonly signal: AbortSignal;
}

/**
 * The live push: what came into the read models, told to whoever watches. It is derived from the log after the
 * projector has said how far it is, by the watchers that ask for it: each goes through the log at its own pace and
 * shares the pages with those beside it, so nothing is buffered for a slow one and nothing is done where nobody watches.
 */
export class LiveFeed {
  readonly #pages = new Map<number, Promise<Page>>();
  readonly #sleepers = new Set<{ wake: () => void }>();
  readonly #forget: () => void;
  readonly #close = new AbortController();

  constructor(
    private readonly log: LocalLog & Pick<EventStore, 'readStream'>,
    private readonly reads: CustomerReads,
    private readonly openClear: OpenClear,
    private readonly progress: ReadProgress,
    /** Told of an event that could not be derived; it is left out, or no watcher would ever come past it. */
    private readonly unforeseen: (error: unknown) => void,
  ) {
    this.#forget = progress.listen(() => this.#wakeAll());
  }

  /** How many watch. */
  get watchers(): number {
    return this.#sleepers.size;
  }

  /** Every watch ends. */
  close(): void {
    this.#close.abort();
    this.#forget();
    this.#wakeAll();
  }

  /**
   * Blocks with at least one message, oldest first, until the signal is aborted. While what they are made of cannot be read
   * (a server is out of reach) a watch waits.
   */
  async *watch({ after, store, customer, signal }: WatchOptions): AsyncGenerator<LiveBlock[]> {
    const stop = AbortSignal.any([signal, this.#close.signal]);
    // An id of a log that was longer once (a backup was restored) would wait for ever.
    const head = Math.max(this.progress.position, this.log.headPosition());
    let at = Math.min(after ?? this.progress.position, head);
    const sleeper = { wake: (): void => undefined };
    const wake = (): void => sleeper.wake();
    stop.addEventListener('abort', wake);
    this.#sleepers.add(sleeper);
    try {
      while (!stop.aborted) {
        if (at >= this.progress.position) {
          await new Promise<void>((resolve) => (sleeper.wake = resolve));
          continue;
        }
        const page = await this.#pageFor(at, store, customer).catch((error: unknown) => {
          if (isRetriable(error)) return undefined;
          throw error;
        });
        if (page === undefined) {
          await delay(AGAIN, undefined, { signal: stop }).catch(() => undefined);
          continue;
        }
        at = page.end;
        // Who goes through a long log must not keep the others from being answered.
        await nextTurn();
        if (page.blocks.length > 0) yield [...page.blocks];
      }
    } finally {
      this.#sleepers.delete(sleeper);
      if (this.#sleepers.size === 0) this.#pages.clear();
      stop.removeEventListener('abort', wake);
    }
  }

  #wakeAll(): void {
    for (const { wake } of [...this.#sleepers]) wake();
  }

  /** The page with what of it is for that watcher. */
  async #pageFor(after: number, store: string | undefined, customer: string | undefined): Promise<Page> {
    const { end, blocks } = await this.#page(after);
    const there = store === undefined ? blocks : blocks.filter((one) => one.forAll ?? one.store === store);
    if (customer === undefined || there.length === 0) return { end, blocks: there };
    return { end, blocks: await this.#of(customer, there) };
  }

  /** What of the blocks is about that customer, as it is now. */
  async #of(customer: string, blocks: readonly LiveBlock[]): Promise<LiveBlock[]> {
    const present = await this.reads.customerOf(customer);
    return blocks
      .map((block) => ({
        ...block,
        messages: block.messages.filter((message) => block.forAll ?? message.customer === present),
      }))
      .filter(({ messages }) => messages.length > 0);
  }

  #page(after: number): Promise<Page> {
    let page = this.#pages.get(after);
    if (page === undefined) {
      const oldest = this.#pages.size < KEPT ? undefined : this.#pages.keys().next().value;
      if (oldest !== undefined) this.#pages.delete(oldest);
      page = this.#derive(after, this.progress.position);
      this.#pages.set(after, page);
      page.catch((error: unknown) => {
        this.#pages.delete(after);
        if (!isRetriable(error)) this.unforeseen(error);
      });
    }
    return page;
  }

  async #derive(after: number, reached: number): Promise<Page> {
    const { events, end } = this.#read(after, reached);
    const interactions = await this.openClear(
      events.filter(({ stream }) => stream.startsWith('interaction-')),
    );
    const decisions = events.filter(({ stream }) => stream.startsWith('identity-'));
    const blocks = await Promise.all([
      ...interactions
        .filter(({ stored }) => stored.mode !== 'backfill')
        .map((event) => this.#block(() => liveBlock(event, this.log, this.reads))),
      ...decisions.map((event) => this.#block(() => decisionBlock(event, this.reads))),
    ]);
    const rules = events.filter(({ stream }) => stream.startsWith('rules-')).map(rulesBlock);
    const told = [...blocks, ...rules].filter(
      (block) => block !== undefined && block.messages.length > 0,
    ) as LiveBlock[];
    return { end, blocks: told.sort((a, b) => a.position - b.position) };
  }

  /** The next events, and how far they go. One that the disk has damaged is passed over: the projector has parked it. */
  #read(after: number, reached: number): { events: RecordedEvent[]; end: number } {
    try {
      const events = this.log.after(after, PAGE).filter(({ position }) => position <= reached);
      const last = events.at(-1);
      return { events, end: last !== undefined && events.length === PAGE ? last.position : reached };
    } catch (error) {
      if (!(error instanceof CorruptEventError)) throw error;
      const before = error.position - after - 1;
      return { events: before > 0 ? this.log.after(after, before) : [], end: error.position };
    }
  }

  /** Undefined where the event cannot be told of; what can be read a little later is not left out. */
  async #block(derive: () => Promise<LiveBlock | undefined>): Promise<LiveBlock | undefined> {
    try {
      return await derive();
    } catch (error) {
      if (isRetriable(error)) throw error;
      this.unforeseen(error);
      return undefined;
    }
  }
}
