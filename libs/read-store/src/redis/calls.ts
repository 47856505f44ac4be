import { createSecretKey, hkdfSync, randomUUID, type KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ThreadlineError, type ErrorTraits } from '@threadline/platform/errors';
import { openBytes, sealBytes } from '@threadline/vault/box';
import { PATIENCE, RedisDriver, type Patience } from './driver.js';

/** Milliseconds between two looks: for calls, and for answers. */
const LOOK_EVERY = { calls: 100, answers: 50 };
/** Seconds that an answer is kept for whoever asked. */
const KEPT = 60;

/** Nobody has answered in time: no projector is active, or it has much to do. The call may still be carried out. 503. */
export class NoAnswerError extends ThreadlineError {
  constructor(call: string) {
    super(`the active projector has not answered in time (${call})`, {
      code: 'projector-away',
      retriable: true,
      status: 503,
    });
  }
}

/** What the projector answered instead. */
export class CallFailedError extends ThreadlineError {
  constructor(message: string, traits: ErrorTraits) {
    super(message, traits);
  }
}

interface Call {
  readonly id: string;
  readonly name: string;
  readonly argument: unknown;
  /** Milliseconds since 1970; nobody waits for the answer after it. */
  readonly until: number;
}

type Answer =
  | { readonly answer: unknown }
  | { readonly failed: { readonly message: string } & ErrorTraits }
  | { readonly step: unknown };

/** Carries out a call; `tell` sends word of long work. Plain data goes in and comes out. */
export type CallHandler = (argument: unknown, tell: (step: unknown) => Promise<void>) => Promise<unknown>;

export interface CallsOptions {
  /** `redis://` or `rediss://`; of a cluster any node. */
  readonly url: string;
  /** 32 bytes. What is asked and answered is sealed under a key that is derived from it: answers name people. */
  readonly masterKey: Uint8Array;
  /** Tells hubs apart that share a Redis. */
  readonly name?: string;
  readonly patience?: Patience;
}

/** What an api asks of the active projector, over the Redis that both have: rare calls, in no hurry. */
export class Calls {
  private constructor(
    private readonly driver: RedisDriver,
    private readonly prefix: string,
    private readonly key: KeyObject,
  ) {}

  /** @throws ReadStoreBusyError, ReadStoreSettingsError */
  static async open(options: CallsOptions): Promise<Calls> {
    const { url, masterKey, name = 'threadline', patience = PATIENCE } = options;
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', masterKey, '', 'threadline calls', 32)));
    return new Calls(await RedisDriver.connect(url, patience), `${name}:{calls}:`, key);
  }

  /**
   * Resolves with the answer; `onStep` is told of long work, and every step gives the projector the same patience again.
   * @throws NoAnswerError, CallFailedError, ReadStoreBusyError
   */
  async call(
    name: string,
    argument: unknown,
    patience: number,
    onStep?: (step: unknown) => void,
  ): Promise<unknown> {
    const id = randomUUID();
    let until = Date.now() + patience;
    const call: Call = { id, name, argument, until };
    await this.driver.atOnce([
      ['rpush', this.waiting, this.seal(this.waiting, call)],
      ['expire', this.waiting, KEPT],
    ]);
    while (Date.now() < until) {
      await delay(LOOK_EVERY.answers);
      const [found] = await this.driver.atOnce([['lpop', this.answers(id)]]);
      if (found === null) continue;
      const answer = this.open(this.answers(id), found as Buffer) as Answer;
      if ('answer' in answer) return answer.answer;
      if ('failed' in answer) throw new CallFailedError(answer.failed.message, answer.failed);
      until = Date.now() + patience;
      onStep?.(answer.step);
    }
    throw new NoAnswerError(name);
  }

  /** Begins with the next call, if there is one; `failed` is told of an answer that could not be given. */
  async serve(
    handlers: Readonly<Record<string, CallHandler>>,
    failed: (error: unknown) => void,
  ): Promise<boolean> {
    const [found] = await this.driver.atOnce([['lpop', this.waiting]]);
    if (found === null) return false;
    const call = this.open(this.waiting, found as Buffer) as Call;
    const handler = Object.hasOwn(handlers, call.name) ? handlers[call.name] : undefined;
    if (call.until >= Date.now() && handler !== undefined) void this.carryOut(call, handler).catch(failed);
    return true;
  }

  /** Serves until the signal is aborted, while it is active; `failed` is told of whatever keeps it from it. */
  async serveAll(
    handlers: Readonly<Record<string, CallHandler>>,
    {
      signal,
      isActive,
      failed,
    }: {
      readonly signal: AbortSignal;
      readonly isActive: () => boolean;
      readonly failed: (error: unknown) => void;
    },
  ): Promise<void> {
    while (!signal.aborted) {
      const served =
        isActive() && (await this.serve(handlers, failed).catch((error: unknown) => failed(error)));
      if (served !== true) await delay(LOOK_EVERY.calls, undefined, { signal }).catch(() => undefined);
    }
  }

  private async carryOut({ id, argument }: Call, handler: CallHandler): Promise<void> {
    const key = this.answers(id);
    const send = async (answer: Answer): Promise<void> => {
      await this.driver.atOnce([
        ['rpush', key, this.seal(key, answer)],
        ['expire', key, KEPT],
      ]);
    };
    try {
      await send({ answer: (await handler(argument, (step) => send({ step }))) ?? null });
    } catch (error) {
      const { message } = error as Error;
      const { code = 'call-failed', retriable = false, status } = error as Partial<ThreadlineError>;
      await send({ failed: { message, code, retriable, ...(status !== undefined && { status }) } });
    }
  }

  private seal(context: string, content: Call | Answer): Buffer {
    return sealBytes(this.key, context, JSON.stringify(content));
  }

  private open(context: string, box: Buffer): unknown {
    return JSON.parse(openBytes(this.key, context, box).toString('utf8'));
  }

  close(): void {
    this.driver.close();
  }

  private get waiting(): string {
    return `${this.prefix}waiting`;
  }

  private answers(id: string): string {
    return `${this.prefix}answer:${id}`;
  }
}
