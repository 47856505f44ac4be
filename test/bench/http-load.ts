import { Agent, request } from 'node:http';
import type { TestHub } from '@threadline/test/support/hub';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Requests over a fixed number of kept connections. */
export class Connections {
  private readonly agent: Agent;

  constructor(
    private readonly hub: TestHub,
    readonly count: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: count });
  }

  send(method: string, path: string, body?: string, contentType?: string): Promise<Answer> {
    const { hostname, port } = new URL(this.hub.url);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.agent,
          hostname,
          port,
          method,
          path,
          headers: {
            authorization: `Bearer ${this.hub.key}`,
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

/** Posts and takes only a full acceptance; a hub that is busy is asked again. Answers the position. */
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
