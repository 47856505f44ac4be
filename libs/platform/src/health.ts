import { ThreadlineError } from './errors.js';

/** Resolves while all is well; what it throws says what is not. Cheap: it is asked every few seconds. */
export type HealthCheck = () => void | Promise<void>;

interface CheckResult {
  readonly status: 'ok' | 'failing';
  readonly reason?: string;
}

export interface HealthAnswer {
  /** 200 or 503. */
  readonly status: number;
  readonly body: {
    readonly status: 'ok' | 'failing';
    /** By name; `reason` where it fails. */
    readonly checks: Readonly<
      Record<string, { readonly status: 'ok' | 'failing'; readonly reason?: string }>
    >;
  };
}

const PATIENCE = 2_000;

/** Is the process alive, and is it ready to be given work? Both are asked without a key: no more is told than what fails. */
export class Health {
  readonly #live = new Map<string, HealthCheck>();
  readonly #ready = new Map<string, HealthCheck>();
  #stopping = false;

  /** `patience`: milliseconds after which a check that has not answered fails. */
  constructor(private readonly patience: number = PATIENCE) {}

  /** Must hold for the process to be worth keeping: whoever supervises it restarts it otherwise. */
  addLive(name: string, check: HealthCheck): void {
    this.#live.set(name, check);
  }

  /** Must hold for work to be sent here. */
  addReady(name: string, check: HealthCheck): void {
    this.#ready.set(name, check);
  }

  /** From now on not ready: the process is about to end. */
  stopping(): void {
    this.#stopping = true;
  }

  live(): Promise<HealthAnswer> {
    return this.#answer([...this.#live]);
  }

  ready(): Promise<HealthAnswer> {
    const stop: [string, HealthCheck][] = this.#stopping ? [['running', refuse('the hub is stopping')]] : [];
    return this.#answer([...stop, ...this.#live, ...this.#ready]);
  }

  async #answer(checks: readonly [string, HealthCheck][]): Promise<HealthAnswer> {
    const results = await Promise.all(
      checks.map(async ([name, check]) => {
        const reason = await this.#reason(check);
        const result: CheckResult = reason === undefined ? { status: 'ok' } : { status: 'failing', reason };
        return [name, result] as const;
      }),
    );
    const ok = results.every(([, { status }]) => status === 'ok');
    return {
      status: ok ? 200 : 503,
      body: { status: ok ? 'ok' : 'failing', checks: Object.fromEntries(results) },
    };
  }

  /** Why it fails; only our own errors are quoted: they hold nothing that a stranger may not read. */
  async #reason(check: HealthCheck): Promise<string | undefined> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(refusal(`no answer within ${this.patience} ms`));
    }, this.patience);
    try {
      await Promise.race([(async () => check())(), late]);
      return undefined;
    } catch (error) {
      return error instanceof ThreadlineError ? error.message : 'failed';
    } finally {
      clearTimeout(timer);
    }
  }
}

const refusal = (reason: string): ThreadlineError =>
  new ThreadlineError(reason, { code: 'not-ready', retriable: true, status: 503 });

const refuse = (reason: string): HealthCheck => {
  return () => {
    throw refusal(reason);
  };
};
