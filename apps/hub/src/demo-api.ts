import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** The hub said no, or nothing. */
export class HubAnswerError extends ThreadlineError {
  constructor(
    path: string,
    readonly httpStatus: number,
    detail: string,
  ) {
    super(`the hub answered ${httpStatus} to ${path}: ${detail}`, {
      code: 'hub-answer',
      retriable: httpStatus >= 500,
      exitCode: EXIT.refused,
    });
  }
}

/** What the demo asks the hub, over HTTP like everybody else. */
export class HubApi {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  /** The answer's body, trusted to be what the contract says. `parameters` that are undefined are left out. */
  async get<T>(path: string, parameters: Readonly<Record<string, string | undefined>> = {}): Promise<T> {
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return this.#answer<T>(path, await fetch(url, { headers: this.#headers() }));
  }

  /** The same for what is sent. */
  async post<T>(path: string, type: string, body: unknown): Promise<T> {
    const headers = { ...this.#headers(), 'content-type': type };
    const url = new URL(path, this.url);
    return this.#answer<T>(path, await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
  }

  /** Every item of a paged answer. */
  async all<K extends string, T>(
    path: string,
    member: K,
    parameters: Readonly<Record<string, string | undefined>> = {},
  ): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page: Record<K, T[]> & { next: string | null } = await this.get(path, { ...parameters, cursor });
      items.push(...page[member]);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return items;
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }

  async #answer<T>(path: string, answer: Response): Promise<T> {
    if (!answer.ok) throw new HubAnswerError(path, answer.status, (await answer.text()).slice(0, 300));
    return (await answer.json()) as T;
  }
}
