import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { redisAddress } from '@threadline/platform/redis-address';
import { distrustOf } from '@threadline/platform/tls-files';
import { VaultBusyError, VaultSettingsError } from '../errors.js';
import { SETTINGS, replicasDemanded, weaknessesOf, writesSnapshots, type RedisSettings } from './settings.js';
import { isElsewhere, isPassing, translate } from './translate.js';

/** Milliseconds. */
export interface Patience {
  /** What one answer may take: a Redis that hangs would else be waited for without end. */
  readonly answer: number;
  /** How long the same is tried again. */
  readonly total: number;
  /** How long its files may take to be written anew. */
  readonly rewrite: number;
}

export const PATIENCE: Patience = { answer: 5_000, total: 10_000, rewrite: 600_000 };

/** Milliseconds: between two tries, and between two looks at a file that is being written. */
const PAUSE = { first: 20, longest: 500, rewriting: 50 };
/** Milliseconds after which a Redis that answers all the time is asked for its settings again. */
const SETTINGS_LAST = 1_000;

/** What a write waits for beside the disk. */
interface Demands {
  readonly replicas: number;
}

/**
 * `ioredis`, and what has to be known of it; nobody else imports it. It speaks to the one Redis that serves the vault's
 * slot, alone or of a cluster. Everything asked of it can be asked twice, and is, while that may help and time is left.
 */
export class RedisDriver {
  readonly #client: Redis | Cluster;
  readonly #slot: number;
  readonly #patience: Patience;
  /** Grows whenever a connection ends: what was known of the server holds no longer. */
  #era = 0;
  /** Why trying again will not help. */
  #distrust: string | undefined;
  #demands: Demands & { readonly era: number; readonly until: number } = { replicas: 0, era: -1, until: 0 };

  private constructor(client: Redis | Cluster, slot: number, patience: Patience) {
    this.#client = client;
    this.#slot = slot;
    this.#patience = patience;
    const anew = (): void => void this.#era++;
    client.on('close', anew);
    // Every call has its own error; without a listener the driver prints what it tells beside them.
    client.on('error', (error: unknown) => {
      this.#distrust ??= distrustOf(error);
    });
    if (client instanceof Cluster) client.on('+node', anew).on('-node', anew);
  }

  /**
   * `given`: `redis://` or `rediss://` (see `RedisAddress`); of a cluster any node. `key` tells the slot: every key holds the same hash tag.
   * @throws VaultBusyError, VaultSettingsError
   */
  static async connect(given: string, key: string, patience: Patience): Promise<RedisDriver> {
    const options = {
      connectionName: 'threadline-vault',
      connectTimeout: patience.answer,
      socketTimeout: patience.answer,
      // Nothing is resent by the driver: it must be known which connection a write went to.
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    };
    const { url, tls: files } = redisAddress(given);
    const alone = new Redis(url, { ...options, retryStrategy: pauseBefore, ...(files && { tls: files }) });
    const first = new RedisDriver(alone, 0, patience);
    try {
      const [info, slot] = await first.#run((node) =>
        Promise.all([node.info('cluster'), node.cluster('KEYSLOT', key).catch(() => 0)]),
      );
      if (!/^cluster_enabled:1/m.test(info)) return first;
      const { host, port, username, password, tls } = alone.options;
      const cluster = new Cluster([{ host, port }], {
        clusterRetryStrategy: pauseBefore,
        redisOptions: { ...options, username, password, ...(tls && { tls }) },
      });
      await first.close();
      return new RedisDriver(cluster, slot, patience);
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  /** Fields of a hash and the values of keys, seen in this order. */
  read(
    hash: string,
    fields: readonly string[],
    keys: readonly string[],
  ): Promise<{ fields: (Buffer | null)[]; values: (Buffer | null)[] }> {
    return this.#run(async (node) => {
      const [found, values] = await Promise.all([
        node.hmgetBuffer(hash, ...fields),
        keys.length === 0 ? [] : node.mgetBuffer(...keys),
      ]);
      return { fields: found, values };
    });
  }

  /**
   * Runs a script and answers what it does, once the Redis has it for good: on its disk, and on as many replicas as it
   * is set to demand. The arguments may depend on whether there are any.
   * @throws VaultSettingsError where the Redis keeps less
   */
  async write(
    script: string,
    keys: readonly string[],
    args: (demands: Demands) => readonly (string | Buffer)[],
  ): Promise<unknown> {
    return this.#run(async (node) => {
      const { replicas, era } = await this.#strong(node);
      const answers = [node.eval(script, keys.length, ...keys, ...args({ replicas }))];
      if (replicas > 0) answers.push(node.wait(replicas, Math.ceil(this.#patience.answer / 2)));
      const [answer, reached] = await Promise.all(answers);
      if (replicas > 0 && Number(reached) < replicas)
        throw new Error(`fewer than ${replicas} replicas have it`);
      // The wait was perhaps another connection's, and the server perhaps another one.
      if (era !== this.#era) throw new Error('the connection changed');
      return answer;
    });
  }

  /** Looks at the settings again, if the last look was long ago. Throws `VaultSettingsError` where they are too weak. */
  async assertStrong(): Promise<void> {
    await this.#run((node) => this.#strong(node));
  }

  /**
   * Waits until its file is whole: one that was just switched on (`CONFIG SET appendonly yes`) holds nothing that counts
   * before it has been written once.
   */
  async wholeFile(): Promise<void> {
    const until = performance.now() + this.#patience.rewrite;
    while (!isIdle(await this.#run(persistenceOf))) await nextLook(until);
  }

  /**
   * Has the files of all its Redises written anew, so that only what is there now lies in them.
   * @throws VaultBusyError where one of them could not, or took too long
   */
  async rewriteFiles(): Promise<void> {
    const until = performance.now() + this.#patience.rewrite;
    const serving = await this.#run((node) => Promise.resolve(node));
    const others = this.#client instanceof Cluster ? this.#client.nodes('all') : [];
    const done = await Promise.allSettled(
      [...new Set([serving, ...others])].map((node) => this.#rewrite(node, until)),
    );
    const failed = done.find((one) => one.status === 'rejected');
    if (failed === undefined) return;
    throw new VaultBusyError(
      'the key is destroyed, but a Redis could not write its file anew, which may hold a trace of it: try again',
      translate(failed.reason),
    );
  }

  async close(): Promise<void> {
    this.#client.disconnect();
  }

  /** The Redis that serves the slot. */
  async #master(): Promise<Redis> {
    if (this.#client instanceof Redis) return this.#client;
    const [name] = this.#client.slots[this.#slot] ?? [];
    const node = this.#client.nodes('master').find((one) => nameOf(one) === name);
    if (node === undefined) throw new Error('no node serves the slot of the vault');
    return node;
  }

  async #run<T>(what: (node: Redis) => Promise<T>): Promise<T> {
    const until = performance.now() + this.#patience.total;
    for (let pause = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.longest)) {
      try {
        return await inTime(this.#master().then(what), this.#patience.answer);
      } catch (error) {
        if (this.#distrust !== undefined)
          throw new VaultSettingsError(
            `the vault's Redis and we do not trust each other: ${this.#distrust}`,
            error,
          );
        if (!isPassing(error) || performance.now() + pause > until) throw translate(error);
        await delay(pause);
        if (this.#client instanceof Cluster && isElsewhere(error)) await this.#lookUpSlots(this.#client);
      }
    }
  }

  /** Who serves what now; that nobody can tell is met by the next try. */
  #lookUpSlots(cluster: Cluster): Promise<void> {
    const told = new Promise<void>((resolve) => cluster.refreshSlotsCache(() => resolve()));
    return inTime(told, this.#patience.answer).catch(() => undefined);
  }

  /** What writes wait for there. Asked for on a new connection and from time to time, and before the first write. */
  async #strong(node: Redis): Promise<Demands & { readonly era: number }> {
    if (this.#demands.era === this.#era && performance.now() < this.#demands.until) return this.#demands;
    const era = this.#era;
    const settings = await settingsOf(node);
    const weak = weaknessesOf(settings);
    if (weak.length > 0) {
      throw new VaultSettingsError(
        `the Redis at ${settings.where} does not keep every write, as a vault needs: ${weak.join('; ')}`,
      );
    }
    this.#demands = { replicas: replicasDemanded(settings), era, until: performance.now() + SETTINGS_LAST };
    return this.#demands;
  }

  async #rewrite(node: Redis, until: number): Promise<void> {
    // One that runs already may have begun before what is to be left out.
    await this.#idle(node, until);
    const before = await persistenceOf(node);
    await node.bgrewriteaof().catch((error: unknown) => {
      // Another process was faster; its file may have begun too early, so that the next is waited for.
      if (!String(error).includes('already in progress')) throw error;
    });
    for (;;) {
      const now = await this.#idle(node, until);
      if (now.get('aof_last_bgrewrite_status') !== 'ok')
        throw new VaultBusyError('its file could not be written anew');
      if (Number(now.get('aof_rewrites')) > Number(before.get('aof_rewrites'))) break;
    }
    if (writesSnapshots(await settingsOf(node))) {
      await node.bgsave();
      if ((await this.#idle(node, until)).get('rdb_last_bgsave_status') !== 'ok')
        throw new VaultBusyError('its snapshot could not be written anew');
    }
  }

  /** What it says of its files once none is being written. */
  async #idle(node: Redis, until: number): Promise<Map<string, string>> {
    for (;;) {
      const now = await persistenceOf(node);
      if (isIdle(now)) return now;
      await nextLook(until);
    }
  }
}

const pauseBefore = (attempt: number): number => Math.min(PAUSE.first * 2 ** attempt, PAUSE.longest);

const nameOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`;

async function settingsOf(node: Redis): Promise<RedisSettings> {
  const [told, replication] = await Promise.all([node.config('GET', ...SETTINGS), node.info('replication')]);
  const config = new Map<string, string>();
  for (let i = 0; i + 1 < told.length; i += 2) config.set(told[i] as string, told[i + 1] as string);
  return {
    where: nameOf(node),
    config,
    replicas: Number(/^connected_slaves:(\d+)/m.exec(replication)?.[1] ?? 0),
  };
}

async function persistenceOf(node: Redis): Promise<Map<string, string>> {
  const lines = (await node.info('persistence')).split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => line.split(':', 2) as [string, string]));
}

/** Is none of its files being written? */
const isIdle = (persistence: ReadonlyMap<string, string>): boolean =>
  ['aof_rewrite_in_progress', 'aof_rewrite_scheduled', 'rdb_bgsave_in_progress'].every(
    (name) => persistence.get(name) === '0',
  );

async function nextLook(until: number): Promise<void> {
  if (performance.now() > until) throw new VaultBusyError('its files take too long to be written anew');
  await delay(PAUSE.rewriting);
}

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
