import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { allows } from '@threadline/platform/auth';
import type { Caller } from '@threadline/platform/key-directory';
import type { RecordedEvent } from '../event-store.js';
import { accessDenied, streamDeleted } from './refusals.js';
import { resolve } from './links.js';
import type { Served } from './served-log.js';
import { streamState, TOMBSTONE, type StreamState } from './stream-state.js';
import {
  caughtUp,
  confirmation,
  firstStreamPosition,
  lastStreamPosition,
  readEvent,
  streamNotFound,
  type UuidForm,
} from './wire.js';

export interface StreamRequest {
  readonly stream: string;
  /** A revision, inclusive for reads and exclusive for subscriptions. */
  readonly from: number | 'start' | 'end';
  readonly direction: 'forwards' | 'backwards';
  readonly limit: number;
  readonly resolveLinks: boolean;
  readonly uuids: UuidForm;
  /** The client knows the messages that tell where a stream begins and ends. */
  readonly tellEnds: boolean;
}

type OpenStream = Extract<StreamState, { status: 'open' }>;

function requireReader({ readers }: OpenStream, { scopes }: Caller, stream: string): void {
  if (readers === 'admins' && !allows(scopes, 'admin')) throw accessDenied(`'${stream}' is for admins.`);
}

/** The answers to a read of one stream. */
export async function* readStream(
  served: Served,
  caller: Caller,
  request: StreamRequest,
  signal: AbortSignal,
): AsyncGenerator<streams.ReadResp, void, void> {
  const { stream, limit, resolveLinks, uuids, tellEnds } = request;
  const state = streamState(served, stream);
  if (state.status === 'tombstoned') throw streamDeleted(stream);
  if (state.status !== 'open') {
    yield streamNotFound(stream);
    return;
  }
  requireReader(state, caller, stream);
  let left = limit;
  let seen = false;
  for await (const event of visible(served, request, state, signal)) {
    if (left-- <= 0) break;
    seen = true;
    yield readEvent(resolveLinks ? resolve(served, event) : { event }, uuids);
  }
  if (!tellEnds) return;
  if (!seen && limit > 0 && request.direction === 'forwards') {
    const next = nextFrom(request.from, state);
    if (next !== request.from) yield firstStreamPosition(next);
  }
  yield lastStreamPosition(state.last);
}

/** Where somebody who found nothing from there on should go on. */
function nextFrom(from: StreamRequest['from'], { first, last }: OpenStream): number {
  const wanted = from === 'start' ? 0 : from === 'end' ? last + 1 : from;
  return wanted < first ? first : last + 1;
}

/** What may be seen of the stream, in the order of the request. */
async function* visible(
  { log }: Served,
  { stream, from, direction }: Pick<StreamRequest, 'stream' | 'from' | 'direction'>,
  { first, last, since }: OpenStream,
  signal: AbortSignal,
): AsyncGenerator<RecordedEvent, void, void> {
  const wanted = from === 'start' ? 0 : from === 'end' ? last : from;
  const backwards = direction === 'backwards';
  if (!backwards && from === 'end') return;
  const begin = backwards ? Math.min(wanted, last) : Math.max(wanted, first);
  for await (const event of log.readStream(stream, { from: begin, direction, signal })) {
    if (event.revision < first || event.revision > last) return;
    if (event.recordedAt >= since) yield event;
    else if (backwards) return;
  }
}

/** The answers to a subscription to one stream: what is there, then what comes. It need not exist yet. */
export async function* subscribeToStream(
  served: Served,
  caller: Caller,
  request: StreamRequest,
  subscription: string,
  signal: AbortSignal,
): AsyncGenerator<streams.ReadResp, void, void> {
  const { stream, from, resolveLinks, uuids } = request;
  const { log } = served;
  const answer = (event: RecordedEvent): streams.ReadResp =>
    readEvent(resolveLinks ? resolve(served, event) : { event }, uuids);
  // Taken before the stream is read: what comes meanwhile is seen twice, and told once.
  const after = log.headPosition();
  const state = streamState(served, stream);
  if (state.status === 'tombstoned') throw streamDeleted(stream);
  if (state.status === 'open') requireReader(state, caller, stream);
  yield confirmation(subscription);
  let seen = from === 'start' ? -1 : from === 'end' ? -1 : from;
  if (state.status === 'deleted' || (state.status === 'open' && from === 'end')) {
    seen = Math.max(seen, state.last);
  }
  if (state.status === 'open') {
    const rest = { stream, from: seen + 1, direction: 'forwards' } as const;
    for await (const event of visible(served, rest, state, signal)) {
      yield answer(event);
      seen = event.revision;
    }
    seen = Math.max(seen, Math.min(state.last, state.first - 1));
  }
  for await (const message of log.subscribe({ after, prefixes: [stream], signal })) {
    if (message.kind === 'caught-up') yield caughtUp();
    if (message.kind !== 'event') continue;
    const { event } = message;
    if (event.stream !== stream || event.revision <= seen) continue;
    if (event.type === TOMBSTONE) throw streamDeleted(stream);
    yield answer(event);
    seen = event.revision;
  }
}
