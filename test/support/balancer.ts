import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from './service-process.js';

/** Milliseconds between two probes, as `periodSeconds`; failures in a row after which nobody is sent there any more. */
const PROBE_EVERY = 200;
const FAILURES = 3;

interface Member {
  readonly url: string;
  failures: number;
  ready: boolean;
}

/**
 * What stands before the processes of one service: HTTP in turn to those whose `/health/ready` says yes, over connections
 * that are kept. Tries nothing twice and hides nothing: what fails there is a 502 here, an answer that is cut off there is
 * cut off here.
 */
export class Balancer {
  readonly #members = new Set<Member>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  readonly #probing: Promise<void>;
  readonly #stop = new AbortController();
  #turn = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#pass(request, response));
    // Nobody's connection to it ends by itself: who fails, fails behind it.
    this.#server.keepAliveTimeout = 0;
    this.#probing = this.#probe();
  }

  static async open(): Promise<Balancer> {
    const balancer = new Balancer();
    await once(balancer.#server.listen(0, '127.0.0.1'), 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when requests are sent there. */
  async add({ url }: Pick<ServiceProcess, 'url'>): Promise<void> {
    const member: Member = { url, failures: 0, ready: false };
    this.#members.add(member);
    while (!member.ready) await delay(10);
  }

  /** It has ended. */
  remove({ url }: Pick<ServiceProcess, 'url'>): void {
    for (const member of this.#members) if (member.url === url) this.#members.delete(member);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#probing;
    this.#server.closeAllConnections();
    this.#server.close();
    this.#agent.destroy();
  }

  async #probe(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await Promise.all(
        [...this.#members].map(async (member) => {
          const answer = await fetch(`${member.url}/health/ready`, { signal }).catch(() => undefined);
          await answer?.body?.cancel();
          member.failures = answer?.status === 200 ? 0 : member.failures + 1;
          if (member.failures === 0) member.ready = true;
          else if (member.failures >= FAILURES) member.ready = false;
        }),
      );
      await delay(PROBE_EVERY, undefined, { signal }).catch(() => undefined);
    }
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const ready = [...this.#members].filter((member) => member.ready);
    const member = ready[this.#turn++ % Math.max(1, ready.length)];
    if (member === undefined) return void response.writeHead(503).end('nobody is ready');
    const { method, headers, url = '' } = request;
    const passed = ask(new URL(url, member.url), { method, headers, agent: this.#agent });
    passed.on('response', (answer) => {
      const { connection: _, 'keep-alive': __, ...rest } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, rest);
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    passed.on('error', (error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end(`${member.url}: ${error.message}`);
    });
    response.once('close', () => passed.destroy());
    request.pipe(passed);
  }
}
