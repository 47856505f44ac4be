import { randomUUID } from 'node:crypto';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { Position } from '../event-store.js';
import { expectedOf } from './append-call.js';
import { requireScope } from './caller.js';
import { invalid, refusalOf, streamDeleted, unimplemented, wrongExpectedVersion } from './refusals.js';
import type { Served } from './served-log.js';
import { metaStreamOf } from './described-streams.js';
import { DELETION, METADATA, streamState, TOMBSTONE, type StreamState } from './stream-state.js';
import { storedMetadata } from './stored-content.js';
import { streamNameOf } from './wire.js';
import { append, expectedNumber, requireWritable, type Expected } from './write.js';

type Unary<Request, Response> = (
  call: ServerUnaryCall<Request, Response>,
  answer: sendUnaryData<Response>,
) => void;

interface Wanted {
  readonly stream: string;
  readonly expected: Expected;
}

/** `Streams.Delete`: what was in the stream is not seen any more; it may be written again. */
export const deleteCall =
  (served: Served): Unary<streams.DeleteReq, streams.DeleteResp> =>
  (call, answer) => {
    const options = call.request.getOptions();
    perform(served, call, options, 'delete', deleteStream).then(
      (at) => {
        const response = new streams.DeleteResp();
        const position = new streams.DeleteResp.Position();
        position.setCommitPosition(String(at));
        position.setPreparePosition(String(at));
        response.setPosition(position);
        answer(null, response);
      },
      (error: unknown) => answer(refusalOf(error)),
    );
  };

/** `Streams.Tombstone`: the stream is deleted, and never written again. */
export const tombstoneCall =
  (served: Served): Unary<streams.TombstoneReq, streams.TombstoneResp> =>
  (call, answer) => {
    const options = call.request.getOptions();
    perform(served, call, options, 'tombstone', tombstoneStream).then(
      (at) => {
        const response = new streams.TombstoneResp();
        const position = new streams.TombstoneResp.Position();
        position.setCommitPosition(String(at));
        position.setPreparePosition(String(at));
        response.setPosition(position);
        answer(null, response);
      },
      (error: unknown) => answer(refusalOf(error)),
    );
  };

async function perform(
  served: Served,
  { metadata }: Pick<ServerUnaryCall<unknown, unknown>, 'metadata'>,
  options: streams.DeleteReq.Options | streams.TombstoneReq.Options | undefined,
  name: string,
  work: (served: Served, wanted: Wanted) => Promise<Position>,
): Promise<Position> {
  try {
    requireScope(served, metadata, 'admin');
    if (options === undefined) throw invalid('The request has no options.');
    const stream = streamNameOf(options.getStreamIdentifier());
    requireWritable(stream, served);
    if (served.ownership !== 'alone') {
      throw unimplemented(`'${name}' in a hub: a stream is deleted where the event store runs alone`);
    }
    return await work(served, { stream, expected: expectedOf(options) });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== error) served.unforeseen(error);
    throw refusal;
  }
}

async function deleteStream(served: Served, { stream, expected }: Wanted): Promise<Position> {
  const state = streamState(served, stream);
  if (state.status === 'tombstoned') throw streamDeleted(stream);
  requireExpected(stream, expected, state);
  if (state.status === 'missing' && !state.described) {
    throw wrongExpectedVersion(stream, expectedNumber(expected), -1);
  }
  const event = { id: randomUUID(), type: METADATA, data: DELETION };
  const said = await append(served, { stream: metaStreamOf(stream), expected: 'any', events: [event] });
  if (said.status === 'wrong-revision')
    throw wrongExpectedVersion(stream, expectedNumber(expected), said.actual);
  return said.position;
}

async function tombstoneStream(served: Served, { stream, expected }: Wanted): Promise<Position> {
  const state = streamState(served, stream);
  if (state.status === 'tombstoned') throw streamDeleted(stream);
  requireExpected(stream, expected, state);
  const metadata = storedMetadata({ json: false, metadata: new Uint8Array() });
  const event = {
    id: randomUUID(),
    type: TOMBSTONE,
    data: new Uint8Array(),
    ...(metadata !== undefined && { metadata }),
  };
  // What came in between decides: a tombstone is the last of its stream.
  const last = state.status === 'missing' ? 'no-stream' : state.last;
  const writing = append(served, {
    stream,
    expected: expected === 'any' || expected === 'stream-exists' ? 'any' : last,
    events: [event],
  });
  const over = writing.catch(() => undefined).finally(() => served.ending.delete(stream));
  served.ending.set(stream, over);
  const written = await writing;
  if (written.status === 'wrong-revision') {
    throw wrongExpectedVersion(stream, expectedNumber(expected), written.actual);
  }
  return written.position;
}

/** A deleted stream is none, and is at its last revision: either may be expected of it. */
function requireExpected(stream: string, expected: Expected, state: LivingState): void {
  if (expected === 'stream-exists' && state.status === 'deleted') throw streamDeleted(stream);
  const actual = state.status === 'missing' ? -1 : state.last;
  if (!fits(expected, state, actual)) throw wrongExpectedVersion(stream, expectedNumber(expected), actual);
}

type LivingState = Exclude<StreamState, { status: 'tombstoned' }>;

function fits(expected: Expected, state: LivingState, actual: number): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'stream-exists':
      return state.status !== 'missing' || state.described;
    case 'no-stream':
      return state.status !== 'open';
    default:
      return expected === actual;
  }
}
