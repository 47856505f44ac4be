import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { redisAddress } from '@threadline/platform/redis-address';
import { distrustOf } from '@threadline/platform/tls-files';
import { ReadStoreSettingsError } from './errors.js';
import { isPassing, translate } from './translate.js';

/** Milliseconds. */
export interface Patience {
  /** What one answer may take: a Redis that hangs would else be waited for without end. */
  readonly answer: number;
  /** How long the same is tried again. */
  readonly total: number;
}

export const PATIENCE: Patience = { answer: 2_000, total: 3_000 };

/** Milliseconds between two tries. */
const PAUSE = { first: 10, longest: 250 };
const SCANNED = 1_000;

export type Argument = string | Buffer | number;
/** The name of a command in lower case, then the key, then the rest. */
export type Command = readonly [name: string, key: string, ...Argument[]];

/** A bulk answer as text; '' where it is none. */
export const textOf = (answer: unknown): string => (Buffer.isBuffer(answer) ? answer.toString() : '');

/** Lua that touches keys of one slot only. */
export class Script {
  readonly sha: string;
  constructor(readonly lua: string) {
    this.sha = createHash('sha1').update(lua).digest('hex');
  }
}

/**
 * `ioredis`, and what has to be known of it; nobody else imports it. Everything asked of it can be asked twice, and is,
 * while that may help and time is left. Bulk answers are buffers.
 */
export class RedisDriver {
  /** Why trying again will not help. */
  #distrust: string | undefined;

  private constructor(
    private readonly client: Redis | Cluster,
    private readonly patience: Patience,
  ) {
    // Every call has its own error; without a listener the driver prints what it tells beside them.
    client.on('error', (error: unknown) => {
      this.#distrust ??= distrustOf(error);
    });
  }

  /**
   * `given`: `redis://` or `rediss://` (see `RedisAddress`); of a cluster any node.
   * @throws ReadStoreBusyError, ReadStoreSettingsError
   */
  static async connect(given: string, patience: Patience): Promise<RedisDriver> {
    const options = {
      connectionName: 'threadline-read-store',
      connectTimeout: patience.answer,
      // A connection that nothing comes by any more, whoever has forgotten it, is made anew.
      socketTimeout: patience.answer,
      // Nothing is resent by the driver, and nothing waits in it unseen.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    };
    const { url, tls: files } = redisAddress(given);
    const alone = new Redis(url, { ...options, retryStrategy: pauseBefore, ...(files && { tls: files }) });
    const first = new RedisDriver(alone, patience);
    try {
      const [cluster, memory] = await first.#run(() =>
        Promise.all([alone.info('cluster'), alone.info('memory')]),
      );
      requireKeeping(memory);
      if (!/^cluster_enabled:1/m.test(cluster)) return first;
      const { host, port, username, password, tls } = alone.options;
      const all = new Cluster([{ host, port }], {
        clusterRetryStrategy: pauseBefore,
        redisOptions: { ...options, username, password, ...(tls && { tls }) },
      });
      first.close();
      return await new RedisDriver(all, patience).#ready(all);
    } catch (error) {
      first.close();
      throw error;
    }
  }

  /** All nodes are known once the first answer is there. */
  async #ready(cluster: Cluster): Promise<this> {
    try {
      await this.atOnce([['exists', 'threadline']]);
      for (const node of cluster.nodes('master')) requireKeeping(await this.#run(() => node.info('memory')));
      return this;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Commands on keys of one slot, all answered from one moment. */
  async atOnce(commands: readonly Command[]): Promise<unknown[]> {
    return this.#run(async () => {
      const transaction = this.client.multi();
      // In capitals, so that the driver makes no objects of hashes: their fields may be binary.
      for (const [name, ...rest] of commands) transaction.callBuffer(name.toUpperCase(), ...rest);
      const answers = await transaction.exec();
      if (answers === null) throw new Error('the transaction was given up');
      return answers.map(([error, answer]) => {
        if (error !== null) throw error;
        return answer;
      });
    });
  }

  async script(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args] as const;
    return this.#run(async () => {
      try {
        return await this.client.callBuffer('evalsha', script.sha, ...rest);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return this.client.callBuffer('eval', script.lua, ...rest);
      }
    });
  }

  /** Removes every key that begins so and is not kept, on whatever node it lies. */
  async remove(prefix: string, isKept: (key: string) => boolean): Promise<void> {
    const nodes = this.client instanceof Cluster ? this.client.nodes('master') : [this.client];
    for (const node of nodes) {
      let cursor = '0';
      do {
        const [next, keys] = await this.#run(() =>
          node.scan(cursor, 'MATCH', `${prefix}*`, 'COUNT', SCANNED),
        );
        cursor = next;
        const gone = keys.filter((key) => !isKept(key));
        // Keys of several slots: each on its own, sent together.
        await this.#run(() => Promise.all(gone.map((key) => node.unlink(key))));
      } while (cursor !== '0');
    }
  }

  close(): void {
    this.client.disconnect();
  }

  async #run<T>(what: () => Promise<T>): Promise<T> {
    const until = performance.now() + this.patience.total;
    for (let pause = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.longest)) {
      try {
        return await inTime(what(), this.patience.answer);
      } catch (error) {
        if (this.#distrust !== undefined)
          throw new ReadStoreSettingsError(
            `the read models' Redis and we do not trust each other: ${this.#distrust}`,
            error,
          );
        if (!isPassing(error) || performance.now() + pause > until) throw translate(error);
        await delay(pause);
      }
    }
  }
}

/** One that throws keys away when it is full would answer with half a customer. */
function requireKeeping(memory: string): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? 'noeviction';
  if (policy === 'noeviction' || policy.startsWith('volatile-')) return;
  throw new ReadStoreSettingsError(
    `the read models' Redis throws keys away when it is full: maxmemory-policy must be noeviction, and is ${policy}`,
  );
}

const pauseBefore = (attempt: number): number => Math.min(PAUSE.first * 2 ** attempt, PAUSE.longest);

/** The answer, or a rejection when it has not come in time; what comes later is nobody's. */
async function inTime<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
