import { randomBytes, randomUUID } from 'node:crypto';
import type {
  Append,
  AppendResult,
  EventStore,
  NewEvent,
  RecordedEvent,
} from '@threadline/event-store/event-store';
import { hashKey, newKey, type Scope } from '@threadline/platform/auth';
import { keyEventOf, keyStream, type KeyDirectory, type KeyEvent } from '@threadline/platform/key-directory';
import { ThreadlineError } from '@threadline/platform/errors';
import type { KeyService, ListedKey } from './api-parts.js';

export interface KeyLogOptions {
  /** `poke`: something was appended, where the reader can be told. */
  readonly reader: Pick<EventStore, 'subscribe'> & { poke?(): void };
  /** Kept as the log tells. */
  readonly directory: KeyDirectory;
  /** Through the log's one writer, where it has one. */
  readonly append: (appends: readonly Append[]) => Promise<AppendResult[]>;
  /** Told when the log can no longer be followed: which keys are in force is then not known any more. */
  readonly lost: (error: unknown) => void;
}

/** The keys: events of the log (`key-<id>`), made through its writer and known by following it. */
export class KeyLog implements KeyService {
  readonly #options: KeyLogOptions;
  readonly #listed = new Map<string, ListedKey>();
  readonly #stop = new AbortController();
  #position = 0;
  #moved = Promise.withResolvers<void>();

  private constructor(options: KeyLogOptions) {
    this.#options = options;
  }

  /** Resolves when every key of the log is known. */
  static async follow(options: KeyLogOptions): Promise<KeyLog> {
    const keys = new KeyLog(options);
    const caughtUp = Promise.withResolvers<void>();
    void keys.#follow(caughtUp.resolve).catch((error: unknown) => {
      caughtUp.reject(error);
      if (!keys.#stop.signal.aborted) options.lost(error);
    });
    await caughtUp.promise;
    return keys;
  }

  close(): void {
    this.#stop.abort();
  }

  /** Is there any key that is in force? */
  get some(): boolean {
    return [...this.#listed.values()].some(({ revokedAt }) => revokedAt === null);
  }

  list(): ListedKey[] {
    return [...this.#listed.values()];
  }

  async create(wanted: {
    scopes: readonly Scope[];
    label?: string;
  }): Promise<{ id: string; key: string; position: string }> {
    const id = randomBytes(16).toString('hex');
    const key = newKey();
    const position = await this.#append('no-stream', {
      type: 'key.created',
      data: { id, hash: hashKey(key), ...wanted },
    });
    return { id, key, position };
  }

  async revoke(id: string): Promise<string | undefined> {
    if (this.#listed.get(id)?.revokedAt !== null) return undefined;
    return this.#append('any', { type: 'key.revoked', data: { id } });
  }

  /** Durable, and known here. */
  async #append(expected: 'no-stream' | 'any', { type, data }: KeyEvent): Promise<string> {
    const event: NewEvent = { id: randomUUID(), type, data: Buffer.from(JSON.stringify(data)) };
    const [result] = await this.#options.append([{ stream: keyStream(data.id), expected, events: [event] }]);
    if (result?.status !== 'appended') {
      throw new ThreadlineError('the key could not be written', {
        code: 'key-not-written',
        retriable: true,
        status: 503,
      });
    }
    this.#options.reader.poke?.();
    while (this.#position < result.position) await this.#moved.promise;
    return String(result.position);
  }

  async #follow(caughtUp: () => void): Promise<void> {
    const { signal } = this.#stop;
    for await (const message of this.#options.reader.subscribe({ prefixes: ['key-'], signal })) {
      if (message.kind === 'event') this.#take(message.event);
      const { position } = message.kind === 'event' ? message.event : message;
      if (position > this.#position) this.#move(position);
      if (message.kind === 'caught-up') caughtUp();
    }
  }

  #move(position: number): void {
    this.#position = position;
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }

  #take({ type, data, recordedAt }: RecordedEvent): void {
    const event = keyEventOf(type, jsonOf(data));
    if (event === undefined) return;
    this.#options.directory.apply(event);
    const at = new Date(recordedAt).toISOString();
    const { id } = event.data;
    const known = this.#listed.get(id);
    if (event.type === 'key.revoked') {
      if (known !== undefined) known.revokedAt ??= at;
    } else if (known === undefined) {
      const { scopes, label = null } = event.data;
      this.#listed.set(id, { id, label, scopes, createdAt: at, revokedAt: null });
    }
  }
}

function jsonOf(data: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(data).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
