import { Agent, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A hub, or a service of a cluster, and a key with every scope. */
export interface Target {
  readonly url: string;
  readonly key: string;
}

/** Requests over a fixed number of kept connections. */
export class Connections {
  private readonly agent: Agent;

  constructor(
    private readonly target: Target,
    readonly count: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: count });
  }

  send(method: string, path: string, body?: string, contentType?: string): Promise<Answer> {
    const { hostname, port } = new URL(this.target.url);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.agent,
          hostname,
          port,
          method,
          path,
          headers: {
            authorization: `Bearer ${this.target.key}`,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
            ...(contentType === undefined ? {} : { 'content-type': contentType }),
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Runs the tasks, as many at a time as there are connections. */
  async all(tasks: Iterable<() => Promise<void>>): Promise<void> {
    const iterator = tasks[Symbol.iterator]();
    const runner = async (): Promise<void> => {
      for (let next = iterator.next(); next.done !== true; next = iterator.next()) await next.value();
    };
    await Promise.all(Array.from({ length: this.count }, runner));
  }

  close(): void {
    this.agent.destroy();
  }
}

export const BATCH_TYPE = 'application/cloudevents-batch+json';
export const SINGLE_TYPE = 'application/cloudevents+json';

/**
 * Begins the tasks at a rate a second, whether or not those before have ended; resolves when all have. They are told their
 * number.
 */
export async function atRate(
  rate: number,
  seconds: number,
  begin: (number: number) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const started = performance.now();
  for (let number = 0; number < rate * seconds;) {
    for (const due = ((performance.now() - started) / 1000) * rate; number < due; number++) {
      const task = begin(number);
      running.add(task);
      void task.finally(() => running.delete(task));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
}

/**
 * Posts and takes only a full acceptance; a hub that is busy is asked again. Answers the position, which a cluster does
 * not tell: then it is empty.
 */
export async function post(connections: Connections, body: string, contentType: string): Promise<string> {
  for (;;) {
    const { status, body: text } = await connections.send('POST', '/v1/events', body, contentType);
    if (status === 503 || status === 429) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    const answer = JSON.parse(text) as { rejected?: unknown[]; position?: string };
    if (status !== 202 || answer.rejected?.length !== 0) throw new Error(`${status}: ${text.slice(0, 500)}`);
    return answer.position ?? '';
  }
}

/** Waits until everything up to the position can be read. */
export async function readable(connections: Connections, position: string): Promise<void> {
  for (;;) {
    const { status } = await connections.send('GET', `/v1/customers?limit=1&minPosition=${position}`);
    if (status === 200) return;
  }
}
