import { setImmediate as turn } from 'node:timers/promises';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { sendUnaryData, ServerReadableStream } from '@grpc/grpc-js';
import type { NewEvent } from '../event-store.js';
import { requireScope } from './caller.js';
import { cancelled, invalid, refusalOf } from './refusals.js';
import type { Served } from './served-log.js';
import { eventOf, streamNameOf } from './wire.js';
import { AppendSize, write, type Expected, type WriteResult } from './write.js';

type AppendCall = ServerReadableStream<streams.AppendReq, streams.AppendResp>;

/** `Streams.Append`: one append a call, its events one by one. */
export function appendCall(
  served: Served,
): (call: AppendCall, answer: sendUnaryData<streams.AppendResp>) => void {
  return (call, answer) => {
    take(served, call).then(
      (response) => answer(null, response),
      (error: unknown) => {
        const refusal = refusalOf(error);
        // Of a client that has gone the rest of the append is missing: nobody waits for an answer.
        if (refusal !== error && !call.cancelled) served.unforeseen(error);
        answer(refusal);
      },
    );
  };
}

async function take(served: Served, call: AppendCall): Promise<streams.AppendResp> {
  requireScope(served, call.metadata, 'admin');
  let options: streams.AppendReq.Options | undefined;
  const events: NewEvent[] = [];
  const size = new AppendSize();
  for await (const request of call as AsyncIterable<streams.AppendReq>) {
    const message = request.getProposedMessage();
    if (message === undefined) options = request.getOptions();
    else {
      const event = eventOf(message);
      size.add(event);
      events.push(event);
    }
  }
  // A cut call ends like a whole one, and is known to be cut a moment later: half an append is none.
  await turn();
  if (call.cancelled) throw cancelled();
  if (options === undefined) throw invalid('The append has no options.');
  const expected = expectedOf(options);
  const stream = streamNameOf(options.getStreamIdentifier());
  return responseOf(await write(served, { stream, expected, events }), expected);
}

/** What an append, a deletion or a tombstone expects: their options have the same cases. */
export function expectedOf(
  options: streams.AppendReq.Options | streams.DeleteReq.Options | streams.TombstoneReq.Options,
): Expected {
  if (options.hasRevision()) return revisionOf(options.getRevision());
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasStreamExists()) return 'stream-exists';
  if (options.hasAny()) return 'any';
  throw invalid('The expected revision is missing.');
}

/** -1 arrives as 2^64 - 1: it is no revision, and nobody knows whether no stream was meant. */
export function revisionOf(text: string): number {
  const revision = Number(text);
  if (!Number.isSafeInteger(revision)) throw invalid(`${text} is no revision that can be expected.`);
  return revision;
}

function responseOf(result: WriteResult, expected: Expected): streams.AppendResp {
  const response = new streams.AppendResp();
  if (result.status === 'written') {
    const success = new streams.AppendResp.Success();
    if (result.revision < 0) success.setNoStream(new shared.Empty());
    else success.setCurrentRevision(String(result.revision));
    if (result.position === undefined) success.setNoPosition(new shared.Empty());
    else {
      const position = new streams.AppendResp.Position();
      position.setCommitPosition(String(result.position));
      position.setPreparePosition(String(result.position));
      success.setPosition(position);
    }
    response.setSuccess(success);
    return response;
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (result.actual < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(result.actual));
  if (expected === 'any') wrong.setExpectedAny(new shared.Empty());
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new shared.Empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new shared.Empty());
  else wrong.setExpectedRevision(String(expected));
  response.setWrongExpectedVersion(wrong);
  return response;
}
