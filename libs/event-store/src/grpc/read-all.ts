import { setImmediate as turn } from 'node:timers/promises';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { START, type Position, type RecordedEvent } from '../event-store.js';
import type { EventFilter } from './event-filter.js';
import { resolve } from './links.js';
import type { Served } from './served-log.js';
import { caughtUp, checkpoint, confirmation, readEvent, type UuidForm } from './wire.js';

export interface AllRequest {
  /** Forwards inclusive, backwards exclusive, as EventStoreDB's places lie before their event; exclusive to subscribe. */
  readonly from: Position | 'start' | 'end';
  readonly direction: 'forwards' | 'backwards';
  readonly limit: number;
  readonly filter: EventFilter | undefined;
  readonly resolveLinks: boolean;
  readonly uuids: UuidForm;
}

/** Events that are read backwards between two turns of the event loop. */
const PAGE = 32;

/** The answers to a read of $all. Deleted and truncated events are in it: the log is one. */
export async function* readAll(
  served: Served,
  request: AllRequest,
  signal: AbortSignal,
): AsyncGenerator<streams.ReadResp, void, void> {
  const { filter, limit, resolveLinks, uuids } = request;
  let left = limit;
  if (left <= 0) return;
  for await (const event of inOrder(served, request, signal)) {
    if (filter?.passes(event) === false) continue;
    yield readEvent(resolveLinks ? resolve(served, event) : { event }, uuids);
    if (--left <= 0) return;
  }
}

function inOrder(
  { log }: Served,
  { from, direction, filter }: AllRequest,
  signal: AbortSignal,
): AsyncIterable<RecordedEvent> | Iterable<RecordedEvent> {
  if (direction === 'backwards') return backwards(log, from);
  if (from === 'end') return [];
  const after = from === 'start' ? START : Math.max(START, from - 1);
  return log.readAll({ ...filter?.skipped, after, signal });
}

async function* backwards(
  log: Served['log'],
  from: Position | 'start' | 'end',
): AsyncGenerator<RecordedEvent, void, void> {
  const head = log.headPosition();
  let before = from === 'end' ? head + 1 : from === 'start' ? START : Math.min(from, head + 1);
  while (before > START + 1) {
    const positions = Array.from({ length: Math.min(PAGE, before - 1) }, (_, i) => before - 1 - i);
    for (const event of log.at(positions)) if (event !== undefined) yield event;
    before -= positions.length;
    await turn();
  }
}

/** The answers to a subscription to $all: history, then what comes. */
export async function* subscribeToAll(
  served: Served,
  request: AllRequest,
  subscription: string,
  signal: AbortSignal,
): AsyncGenerator<streams.ReadResp, void, void> {
  const { log } = served;
  const { from, filter, resolveLinks, uuids } = request;
  const after = from === 'start' ? START : from === 'end' ? log.headPosition() : from;
  yield confirmation(subscription);
  /** How far the log was looked at, and where the client was last told so. */
  let looked = after;
  let told = after;
  for await (const message of log.subscribe({ ...filter?.skipped, after, signal })) {
    if (message.kind === 'event') {
      const { event } = message;
      looked = event.position;
      if (filter?.passes(event) !== false) {
        yield readEvent(resolveLinks ? resolve(served, event) : { event }, uuids);
      }
    } else looked = message.position;
    if (filter !== undefined && looked > told) {
      const due = looked - told >= filter.checkpointEvery;
      if (due || message.kind === 'caught-up') {
        yield checkpoint(looked);
        told = looked;
      }
    }
    if (message.kind === 'caught-up') yield caughtUp();
  }
}
