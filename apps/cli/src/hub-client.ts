import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '@threadline/platform/config';
import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** Nobody answers as a hub would, tried again and again. Exit code 69. */
export class HubUnavailableError extends ThreadlineError {
  constructor(url: string, reason: string) {
    super(`the hub is not there: ${url} ${reason}`, {
      code: 'hub-unavailable',
      retriable: true,
      exitCode: EXIT.unavailable,
    });
  }
}

/** There is no key, or the hub does not take it. Exit code 78. */
export class KeyRefusedError extends ThreadlineError {
  constructor(message: string) {
    super(message, { code: 'key-refused', retriable: false, exitCode: EXIT.configuration });
  }
}

/** Somebody of ours answers who does not do this. Exit code 78. */
export class WrongServiceError extends ThreadlineError {
  constructor({ origin, pathname }: URL) {
    super(
      `${origin} does not serve ${pathname}: of a cluster a gateway takes events in and has the dead letters, ` +
        'an api does all else; set THREADLINE_URL to it',
      { code: 'wrong-service', retriable: false, exitCode: EXIT.configuration },
    );
  }
}

/** The hub understood and says no. Exit code 1. */
export class HubRefusedError extends ThreadlineError {
  constructor(
    readonly answer: number,
    message: string,
  ) {
    super(message, { code: 'hub-refused', retriable: false, exitCode: EXIT.refused });
  }
}

export interface HubAnswer {
  readonly status: number;
  /** `undefined` where the body is empty or no JSON. */
  readonly body: unknown;
}

export interface HubRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: string;
  readonly contentType?: string;
  /** Statuses that say "later" elsewhere, and are an answer here. */
  readonly final?: readonly number[];
  /** Aborting gives up at once, wherever it stands. */
  readonly signal?: AbortSignal;
}

export interface Patience {
  /** Milliseconds that a hub which has never answered is waited for. */
  readonly first: number;
  /** Milliseconds that one which has is waited for, without any answer but "later". */
  readonly later: number;
  /** The first pause; it doubles up to `longest`. */
  readonly pause: number;
  readonly longest: number;
}

export const PATIENCE: Patience = { first: 3_000, later: 120_000, pause: 200, longest: 10_000 };

const AGAIN = new Set([429, 500, 502, 503, 504]);

/** A running hub, over HTTP. What it says that helps when tried again is tried again, with growing pauses. */
export class HubClient {
  private answered = false;

  constructor(
    readonly url: string,
    private readonly key: string,
    private readonly patience: Patience = PATIENCE,
  ) {}

  /** `THREADLINE_URL` and `THREADLINE_KEY`; throws `KeyRefusedError` where there is none. */
  static from(config: Config): HubClient {
    const key = config.key ?? config.bootstrapKey;
    if (key === undefined) {
      throw new KeyRefusedError(
        'there is no key: set THREADLINE_KEY to a key of the hub (npm start prints one; threadline keys create makes more)',
      );
    }
    return new HubClient(config.url, key);
  }

  /**
   * Sends it until there is an answer that does not change by trying again. Throws `HubUnavailableError`,
   * `KeyRefusedError`, or the signal's reason.
   */
  async request(path: string, request: HubRequest = {}): Promise<HubAnswer> {
    const response = await this.open(path, request);
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  }

  /** The same; the body is still to be read. */
  async open(
    path: string,
    { method = 'GET', body, contentType, final = [], signal }: HubRequest = {},
  ): Promise<Response> {
    const url = new URL(path, this.url);
    let pause = this.patience.pause;
    let deadline = Date.now() + (this.answered ? this.patience.later : this.patience.first);
    for (;;) {
      let wait: number | undefined;
      let reason: string;
      try {
        const response = await fetch(url, {
          method,
          headers: {
            authorization: `Bearer ${this.key}`,
            ...(contentType === undefined ? {} : { 'content-type': contentType }),
          },
          ...(body === undefined ? {} : { body }),
          ...(signal === undefined ? {} : { signal }),
        });
        if (!AGAIN.has(response.status) || final.includes(response.status)) {
          this.answered = true;
          await refuseOthers(response, url);
          return response;
        }
        // A first "later" is a hub that starts or is full: it is there.
        if (!this.answered) deadline = Date.now() + this.patience.later;
        this.answered = true;
        wait = retryAfter(response.headers.get('retry-after'));
        reason = `answers ${response.status}`;
        await response.body?.cancel();
      } catch (error) {
        if (error instanceof ThreadlineError) throw error;
        signal?.throwIfAborted();
        reason = `cannot be reached (${causeOf(error)})`;
      }
      const next = wait ?? pause * (0.5 + Math.random());
      if (Date.now() + next > deadline) throw new HubUnavailableError(this.url, reason);
      await delay(next, undefined, signal === undefined ? {} : { signal });
      pause = Math.min(pause * 2, this.patience.longest);
    }
  }
}

async function refuseOthers(response: Response, url: URL): Promise<void> {
  const { status } = response;
  if (status === 401) {
    await response.body?.cancel();
    throw new KeyRefusedError(
      `the hub at ${url.origin} does not know the key: set THREADLINE_KEY to one of its keys`,
    );
  }
  if (status === 403) {
    await response.body?.cancel();
    throw new KeyRefusedError(`the key may not do this (${url.pathname}): it lacks the scope`);
  }
  if (await isNotServed(response)) throw new WrongServiceError(url);
}

/** What our HTTP applications say of a path that they do not have. */
const NOTHING = 'there is nothing at this path';

async function isNotServed(response: Response): Promise<boolean> {
  if (response.status === 405) return true;
  if (response.status !== 404) return false;
  const body = parsed(await response.clone().text());
  return detailOf({ status: 404, body }) === NOTHING;
}

/** Milliseconds. */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return String(cause);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The words of a problem document, or what there is. */
export function detailOf({ status, body }: HubAnswer): string {
  const { detail, title } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  return [detail, title].find((text): text is string => typeof text === 'string') ?? `status ${status}`;
}
