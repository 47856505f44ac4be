import { setTimeout as delay } from 'node:timers/promises';
import type { Health } from './health.js';
import type { HttpApp } from './http-app.js';

/** Milliseconds that answers under way have when a process stops: longer than any request waits. */
const LONGEST_ANSWER = 6_000;

export interface DrainOptions {
  readonly http: HttpApp;
  readonly health: Health;
  /** Milliseconds for which everything is answered after `/health/ready` began to say no. */
  readonly grace: number;
  /** Ends the answers that would never end by themselves. */
  readonly letGo?: (() => void) | undefined;
}

/**
 * Stops what serves HTTP so that nobody's request fails who looks at `/health/ready`: that answers 503 at once, every
 * answer from now on says `Connection: close`, and for `grace` all requests are taken as before. Then nothing new is
 * taken, and what is under way is answered. A long download goes on where it was cut off; the stop does not wait for it.
 */
export async function drainHttp({ http, health, grace, letGo }: DrainOptions): Promise<void> {
  health.stopping();
  http.drain();
  if (grace > 0) await delay(grace);
  letGo?.();
  const { server } = http.app.getHttpAdapter().getInstance();
  const limit = setTimeout(() => server.closeAllConnections(), LONGEST_ANSWER);
  await http.app.close();
  clearTimeout(limit);
}
