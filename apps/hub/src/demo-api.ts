import { detailOf, HubClient, type HubAnswer, type HubRequest } from '@threadline/cli/hub-client';
import { ThreadlineError } from '@threadline/platform/errors';

/** The hub does not give what was asked for. */
export class HubAnswerError extends ThreadlineError {
  constructor(
    path: string,
    readonly answer: HubAnswer,
  ) {
    super(`${path}: ${detailOf(answer)}`, { code: 'hub-answer', retriable: false });
  }
}

type Parameters = Readonly<Record<string, string | undefined>>;

/** What the demo asks the hub, over HTTP like everybody else. */
export class HubApi extends HubClient {
  #position = '0';

  /** At or after every event that was sent. */
  get position(): string {
    return this.#position;
  }

  override async request(path: string, request?: HubRequest): Promise<HubAnswer> {
    const answer = await super.request(path, request);
    const { position } = (answer.body ?? {}) as { position?: unknown };
    if (request?.method === 'POST' && typeof position === 'string') this.#position = position;
    return answer;
  }

  /** The answer's body, trusted to be what the contract says. `parameters` that are undefined are left out. */
  async get<T>(path: string, parameters: Parameters = {}): Promise<T> {
    const given = Object.entries(parameters).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    );
    const answer = await this.request(
      given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`,
    );
    if (answer.status !== 200) throw new HubAnswerError(path, answer);
    return answer.body as T;
  }

  /** Every item of a paged answer. */
  async all<K extends string, T>(path: string, member: K, parameters: Parameters = {}): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page: Record<K, T[]> & { next: string | null } = await this.get(path, { ...parameters, cursor });
      items.push(...page[member]);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return items;
  }
}
