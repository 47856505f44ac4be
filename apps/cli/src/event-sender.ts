import type { ImportedEvent, ImportProblem } from '@threadline/channels/imported';
import { EVENT_LIMIT, REQUEST_LIMIT } from '@threadline/contracts/cloudevents';
import { categoryOf } from '@threadline/domain/decision';
import { detailOf, type HubAnswer, type HubClient } from './hub-client.js';

/** What became of one event. */
export interface Settled {
  readonly accepted: number;
  readonly duplicates: number;
  readonly refused: readonly { item: string; reason: string; problems: readonly ImportProblem[] }[];
}

export interface SenderOptions {
  readonly mode: 'backfill' | 'live';
  /** The most events of one request. */
  readonly batch: number;
  /** The most requests under way. */
  readonly concurrency: number;
  /** Told once for every request that was answered. */
  readonly settled: (outcome: Settled) => void;
  /** Aborting gives up what is under way. */
  readonly signal: AbortSignal;
}

/** A request stays well below the hub's 8 MiB, unless one event alone fills it. */
const LARGEST_REQUEST = 4 * 1024 * 1024;

/** Round a batch of one. */
const BRACKETS = 2;

interface Entry {
  readonly item: string;
  readonly json: string;
}

interface Rejected {
  readonly index?: number;
  readonly code?: string;
  readonly problems?: readonly ImportProblem[];
}

/** Sends events in batches, a few requests at a time; `add` waits while there are too many. */
export class EventSender {
  private batch: Entry[] = [];
  private bytes = 0;
  private readonly underWay = new Set<Promise<void>>();
  private failure: unknown;

  constructor(
    private readonly hub: HubClient,
    private readonly options: SenderOptions,
  ) {}

  /** Throws what a request before it failed of. */
  async add({ item, event }: ImportedEvent): Promise<void> {
    const json = JSON.stringify(event);
    const size = Buffer.byteLength(json);
    const limit = categoryOf(event.type) === 'interaction' ? EVENT_LIMIT : REQUEST_LIMIT - BRACKETS;
    if (size > limit) {
      this.refuse([{ item, json }], `is ${size} bytes, more than the ${limit} that one event may have`);
      return;
    }
    if (this.bytes + size > LARGEST_REQUEST) await this.flush();
    this.batch.push({ item, json });
    this.bytes += size + 1;
    if (this.batch.length >= this.options.batch) await this.flush();
  }

  /** Everything that was added is settled when it resolves. */
  async drain(): Promise<void> {
    await this.flush();
    await this.settle();
    this.rethrow();
  }

  /** What is under way is settled, come what may; what was not sent is forgotten. */
  async settle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private rethrow(): void {
    if (this.failure !== undefined) throw this.failure as Error;
  }

  private async flush(): Promise<void> {
    this.rethrow();
    const { batch } = this;
    if (batch.length === 0) return;
    this.batch = [];
    this.bytes = 0;
    while (this.underWay.size >= this.options.concurrency) await Promise.race(this.underWay);
    this.rethrow();
    const sending: Promise<void> = this.send(batch)
      .catch((error: unknown) => {
        this.failure ??= error;
      })
      .finally(() => this.underWay.delete(sending));
    this.underWay.add(sending);
  }

  private async send(batch: readonly Entry[]): Promise<void> {
    const answer = await this.hub.request(`/v1/events?mode=${this.options.mode}`, {
      method: 'POST',
      contentType: 'application/cloudevents-batch+json',
      body: `[${batch.map(({ json }) => json).join(',')}]`,
      signal: this.options.signal,
    });
    const { accepted, duplicates, rejected } = bodyOf(answer);
    if (answer.status === 202 || rejected !== undefined) {
      const refused = (rejected ?? []).flatMap((each) => refusalOf(each, batch));
      this.options.settled({ accepted: accepted ?? 0, duplicates: duplicates ?? 0, refused });
    } else if (batch.length > 1) {
      // The whole request was refused: one of them is why.
      const half = Math.ceil(batch.length / 2);
      await this.send(batch.slice(0, half));
      await this.send(batch.slice(half));
    } else this.refuse(batch, `is refused by the hub: ${detailOf(answer)}`);
  }

  private refuse(batch: readonly Entry[], reason: string): void {
    const refused = batch.map(({ item }) => ({ item, reason, problems: [] }));
    this.options.settled({ accepted: 0, duplicates: 0, refused });
  }
}

function bodyOf({ body }: HubAnswer): { accepted?: number; duplicates?: number; rejected?: Rejected[] } {
  if (typeof body !== 'object' || body === null) return {};
  const { accepted, duplicates, rejected } = body as Record<string, unknown>;
  return {
    ...(typeof accepted === 'number' ? { accepted } : {}),
    ...(typeof duplicates === 'number' ? { duplicates } : {}),
    ...(Array.isArray(rejected) ? { rejected: rejected as Rejected[] } : {}),
  };
}

function refusalOf({ index, code, problems = [] }: Rejected, batch: readonly Entry[]): Settled['refused'] {
  const entry = index === undefined ? undefined : batch[index];
  if (entry === undefined) return [];
  const named = problems.map(({ path, message }) => `${path} ${message}`.trim()).join('; ');
  const why =
    code === 'conflict'
      ? 'an event with this source and id was accepted before, with another content'
      : named || code || 'no reason was given';
  return [{ item: entry.item, reason: `is refused by the hub: ${why}`, problems }];
}
