import { setTimeout as pause } from 'node:timers/promises';
import type { Ledger } from '../ledger.js';
import { send } from '../load.js';
import { chatWith } from './cluster-events.js';
import type { Place } from './place.js';
import { gatewayAt, type Stage } from './stage.js';

/** Events by each gateway: enough that every partition has some. */
const EVENTS = 48;

/** Milliseconds between two tries. */
const AGAIN = 100;

/** Milliseconds after which nobody waits any more: what was to be seen has been. */
const GIVEN_UP = 180_000;

export interface Normal {
  /** Milliseconds until everything was normal; undefined where it never was. */
  readonly after: number | undefined;
  /** What was not, last. */
  readonly lacks: string;
  /** Wrong answers on the way. */
  readonly wrong: readonly string[];
}

/**
 * Normal is: every process is ready; events about somebody new, by each gateway and for every partition, are acknowledged,
 * one by each with its place in the log; and all of them are on the card at each api.
 */
export async function untilNormal(
  stage: Stage,
  ledger: Ledger,
  { run, name, since, givenUp = GIVEN_UP }: { run: string; name: string; since: number; givenUp?: number },
): Promise<Normal> {
  const late = since + givenUp;
  const wrong: string[] = [];
  const lacking = new Set<string>();
  const tried = async <T>(what: string, attempt: () => Promise<T | undefined>): Promise<T | undefined> => {
    lacking.add(what);
    for (;;) {
      const found = await attempt().catch(() => undefined);
      if (found !== undefined) lacking.delete(what);
      if (found !== undefined || performance.now() > late) return found;
      await pause(AGAIN);
    }
  };
  const person = `${name}@${run}.example.org`;
  const { gateway, api } = stage.places;
  const positions = await Promise.all(
    gateway.map(async (place) => {
      const events = Array.from({ length: EVENTS }, (_, n) =>
        chatWith(run, `${name}-${place.number}-${n}`, person),
      );
      const to = gatewayAt(place);
      await tried(`acknowledgements of ${place.name}`, async () => {
        const { status } = await send(to, ledger, events);
        return status === 202 || undefined;
      });
      return tried(`a position from ${place.name}`, async () => {
        const { position } = await send(to, ledger, events.slice(0, 1), '/v1/events?wait=log');
        return position;
      });
    }),
  );
  const path = `/v1/customers/by/email/${person}?minPosition=${Math.max(...positions.map((one) => one ?? 0))}`;
  await Promise.all([
    ...api.map((place) =>
      tried(`the card at ${place.name}`, () => cardAt(place, path, gateway.length * EVENTS, wrong)),
    ),
    ...stage.all.map((place) => tried(`${place.name} ready`, async () => (await place.ready()) || undefined)),
  ]);
  const after = lacking.size === 0 ? performance.now() - since : undefined;
  return { after, lacks: [...lacking].join(', '), wrong: [...new Set(wrong)] };
}

/** True where it is whole. Nobody, at a position where somebody was, is wrong. */
async function cardAt(
  place: Place,
  path: string,
  events: number,
  wrong: string[],
): Promise<true | undefined> {
  const response = await place.fetch(path);
  const text = await response.text();
  if (response.status === 503 || response.status === 504) return undefined;
  if (response.status !== 200) wrong.push(`${place.name} gave ${path} as ${response.status} ${text}`);
  const counts = response.status === 200 ? (JSON.parse(text) as { counts: { chat?: number } }).counts : {};
  return counts.chat === events || undefined;
}
