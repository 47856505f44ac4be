import { PATIENCE, RedisDriver, Script, type Patience } from './driver.js';

/** Milliseconds. A projector that says nothing for so long is taken for dead. */
const LASTS = 5_000;

/**
 * KEYS: the lease. ARGV: who asks, how long it lasts in milliseconds. By the clock of the Redis, which is everybody's.
 * Answers the token of who asked, if the lease is his now; '' where it is another's. A token is greater than all before
 * it, also where the Redis has lost them: it is at least the time at which it was given.
 */
const TAKE = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HMGET', KEYS[1], 'holder', 'until', 'token')
local token = tonumber(known[3] or 0)
if known[1] ~= ARGV[1] then
  if known[2] and tonumber(known[2]) > now then return '' end
  token = math.max(token + 1, now)
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until', now + ARGV[2], 'token', string.format('%.0f', token))
return string.format('%.0f', token)`);

/** KEYS: the lease. ARGV: who gives it back. */
const RELEASE = new Script(`
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HDEL', KEYS[1], 'holder', 'until') end
return ''`);

export interface LeaseOptions {
  /** `redis://` or `rediss://`; of a cluster any node. */
  readonly url: string;
  /** Tells hubs apart that share a Redis. */
  readonly name?: string;
  /** Names this process among all. */
  readonly holder: string;
  /** Milliseconds until another may take it whose holder has died; default 5,000. To be taken again several times in it. */
  readonly lasts?: number;
  readonly patience?: Patience;
}

/**
 * Who of several may write. A holder that was held up can believe in its lease for longer than it has it: what it writes
 * must carry its token, and be refused where a greater one was there (a fenced lease).
 */
export class Lease {
  private constructor(
    private readonly driver: RedisDriver,
    private readonly key: string,
    private readonly holder: string,
    private readonly lasts: number,
  ) {}

  /** @throws ReadStoreBusyError, ReadStoreSettingsError */
  static async open(options: LeaseOptions): Promise<Lease> {
    const { url, name = 'threadline', holder, lasts = LASTS, patience = PATIENCE } = options;
    return new Lease(await RedisDriver.connect(url, patience), `${name}:projector:lease`, holder, lasts);
  }

  /**
   * Takes it, or keeps it: the token, or undefined where it is another's.
   * @throws ReadStoreBusyError
   */
  async take(): Promise<number | undefined> {
    const token = String(await this.driver.script(TAKE, [this.key], [this.holder, this.lasts]));
    return token === '' ? undefined : Number(token);
  }

  /** Another may take it at once. */
  async release(): Promise<void> {
    await this.driver.script(RELEASE, [this.key], [this.holder]);
  }

  close(): void {
    this.driver.close();
  }
}
