import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { TEST_KEY } from './hub.js';

/** Those who write and those who read, all the time, and milliseconds between two requests of one. */
const EACH = 2;
const PAUSE = 40;

/** Where requests are sent: a balancer each. */
export interface Doors {
  /** To the gateways. */
  readonly writes: string;
  /** To the apis. */
  readonly reads: string;
}

/** Requests that are never sent twice: each that is not answered with a 2xx, or not to its end, is a failure. */
export class SteadyLoad {
  readonly #doors: Doors;
  readonly #running: Promise<void>[] = [];
  readonly #failures: string[] = [];
  readonly #people = Array.from({ length: 8 }, () => `${randomUUID()}@example.org`);
  #answered = 0;
  #stopped = false;

  constructor(doors: Doors) {
    this.#doors = doors;
  }

  /** One line each. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Writes of everybody who is read about, so that there is somebody to read. */
  async prepare(): Promise<void> {
    for (const who of this.#people) await this.#write(who, '?wait=log');
  }

  begin(): void {
    for (let turn = 0; turn < EACH; turn++) {
      this.#running.push(
        this.#again((who, count) => this.#write(who, count % 2 === 0 ? '?wait=log' : '')),
        this.#again((who, count) => this.#read(who, READS[count % READS.length] ?? '')),
      );
    }
  }

  /** Resolves when so many more were answered, or failed. */
  async more(requests: number): Promise<void> {
    const seen = (): number => this.#answered + this.#failures.length;
    for (const wanted = seen() + requests; seen() < wanted;) await delay(10);
  }

  /** Resolves when the last request of each is over. */
  async end(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running.splice(0));
  }

  async #again(request: (who: string, count: number) => Promise<void>): Promise<void> {
    for (let count = 0; !this.#stopped; count++) {
      await request(this.#people[count % this.#people.length] as string, count);
      await delay(PAUSE);
    }
  }

  #write(who: string, query: string): Promise<void> {
    return this.#request(`${this.#doors.writes}/v1/events${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({
        specversion: '1.0',
        ...{ id: randomUUID(), source: '/steady', type: 'chat.message' },
        data: { identifiers: [{ kind: 'email', value: who }], content: { text: 'Hello' } },
      }),
    });
  }

  #read(who: string, rest: string): Promise<void> {
    return this.#request(`${this.#doors.reads}/v1/customers${rest.replace('WHO', encodeURIComponent(who))}`);
  }

  async #request(url: string, init: RequestInit = {}): Promise<void> {
    const headers = { ...init.headers, authorization: `Bearer ${TEST_KEY}` };
    const what = `${init.method ?? 'GET'} ${new URL(url).pathname}`;
    try {
      const response = await fetch(url, { ...init, headers });
      const text = await response.text();
      if (response.ok) this.#answered++;
      else this.#failures.push(`${what}: ${response.status} ${text}`);
    } catch (error) {
      const { message, cause } = error as Error;
      this.#failures.push(`${what}: ${message} (${String(cause)})`);
    }
  }
}

/** Of a customer the card, what explains it, and who is found by words. */
const READS = ['/by/email/WHO', '/by/email/WHO?explain=true', '?q=WHO&limit=5'];
