import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventsAnswer } from '@threadline/contracts/events-answer';
import { partyId } from '@threadline/domain/ids';
import { naiveReplay } from '@threadline/projections/naive';
import type { Clocks } from '@threadline/read-store/customers/customer-reads';
import { ARRIVAL, histories, reorderings, type Sent } from './generate.js';
import { assertSame, factsOf } from './reference.js';
import { SmallHub } from './small-hub.js';

/** What properties of a whole hub have in common: histories, hubs, and the way from the one into the other. */

/** What the hub's clock says to who asks: some visits of the histories are going on. */
export const NOW = ARRIVAL;

/** Everybody whom an event or a decision names. */
export const partiesOf = (hub: SmallHub, sent: readonly Sent[]): Set<string> =>
  new Set(
    sent
      .flatMap(({ identifiers, decided }) => [
        ...identifiers,
        ...(decided?.parties ?? []),
        ...(decided?.rest ?? []),
      ])
      .map(({ kind, value }) => partyId(hub.hash, kind, value)),
  );

/** Holds every read against the naive replay of what was sent. */
export async function agrees(hub: SmallHub, sent: readonly Sent[], clocks: Clocks = {}): Promise<void> {
  const reference = naiveReplay(factsOf(sent, hub.places(), hub.hash), { ...clocks, now: NOW });
  await assertSame(hub.reads, reference, clocks, partiesOf(hub, sent));
}

/** Sends in requests of one to five events, some of them at the same time, and lets the projector catch up after some. */
export async function send(hub: SmallHub, sent: readonly Sent[], pace: number): Promise<void> {
  let requests: Promise<EventsAnswer>[] = [];
  for (let from = 0, turn = pace; from < sent.length; turn++) {
    const size = 1 + ((turn * 3) % 5);
    requests.push(hub.post(sent.slice(from, from + size).map(({ cloudEvent }) => cloudEvent)));
    from += size;
    if (turn % 4 === 1 && from < sent.length) continue;
    for (const answer of await Promise.all(requests))
      assert.equal(answer.status, 202, JSON.stringify(answer));
    requests = [];
    if (turn % 3 === 0) await hub.catchUp();
  }
  await hub.catchUp();
}

export async function withHubs(count: number, work: (...hubs: SmallHub[]) => Promise<void>): Promise<void> {
  const hubs: SmallHub[] = [];
  try {
    for (let i = 0; i < count; i++) hubs.push(await SmallHub.open(() => NOW));
    await work(...hubs);
  } finally {
    for (const hub of hubs) await hub.close();
  }
}

/** A history, the same in another order with repeats, and the pace at which it is sent. */
export const twice = (size?: { min?: number; max?: number }): fc.Arbitrary<[Sent[], Sent[], number]> =>
  histories({ ...size, decided: true }).chain((sent) =>
    fc.tuple(fc.constant(sent), reorderings(sent), fc.nat({ max: 14 })),
  );

export function check<T>(
  runs: number,
  values: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<void> {
  // Shrinking takes hundreds of hubs: only who is looking for the bug wants to wait for it.
  const endOnFailure = process.env['THREADLINE_SHRINK'] === undefined;
  return fc.assert(fc.asyncProperty(values, property), { numRuns: runs, endOnFailure });
}
