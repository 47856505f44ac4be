import shared from '@eventstore/db-client/generated/shared_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import type { Message } from 'google-protobuf';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { NewEvent } from '../event-store.js';
import { revisionOf } from './append-call.js';
import { requireScope } from './caller.js';
import { invalid, Refusal, refusalOf } from './refusals.js';
import type { Served } from './served-log.js';
import { eventOf, identifierOf, streamNameOf, uuidOf, uuidText } from './wire.js';
import { AppendSize, MOST_BYTES, write, type Expected } from './write.js';

type BatchCall = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;
type Options = streams.BatchAppendReq.Options;

/** An append that is still coming in, in as many messages as the client likes. */
interface Incoming {
  readonly options: Options;
  readonly events: NewEvent[];
  readonly size: AppendSize;
  /** What was wrong with it so far; it is answered when all of it has come. */
  refusal?: Refusal;
}

/** `Streams.BatchAppend`: any number of appends on one call, each answered when it is durable, in whatever order. */
export function batchAppendCall(served: Served): (call: BatchCall) => void {
  return (call) => {
    try {
      requireScope(served, call.metadata, 'admin');
    } catch (error) {
      call.emit('error', refusalOf(error));
      return;
    }
    const incoming = new Map<string, Incoming>();
    let open = 0;
    let ended = false;
    const endWhenDone = (): void => {
      if (ended && open === 0) call.end();
    };
    call.on('data', (request: streams.BatchAppendReq) => {
      const id = uuidText(request.getCorrelationId());
      const complete = collect(incoming, id, request);
      if (complete === undefined) return;
      open++;
      void answerTo(served, complete).then((response) => {
        response.setCorrelationId(uuidOf(id));
        if (!call.cancelled) call.write(response);
        open--;
        endWhenDone();
      });
    });
    call.on('end', () => {
      ended = true;
      endWhenDone();
    });
  };
}

/** Adds a message to its append; answers the append when that is complete. */
function collect(
  incoming: Map<string, Incoming>,
  id: string,
  request: streams.BatchAppendReq,
): Incoming | undefined {
  const options = request.getOptions();
  if (options !== undefined) incoming.set(id, { options, events: [], size: new AppendSize() });
  const append = incoming.get(id);
  if (append === undefined) return undefined;
  try {
    if (append.refusal === undefined) {
      for (const message of request.getProposedMessagesList()) {
        const event = eventOf(message);
        append.size.add(event);
        append.events.push(event);
      }
    }
  } catch (error) {
    append.refusal = refusalOf(error);
    append.events.length = 0;
  }
  if (!request.getIsFinal()) return undefined;
  incoming.delete(id);
  return append;
}

async function answerTo(
  served: Served,
  { options, events, refusal }: Incoming,
): Promise<streams.BatchAppendResp> {
  const response = new streams.BatchAppendResp();
  try {
    const stream = streamNameOf(options.getStreamIdentifier());
    response.setStreamIdentifier(identifierOf(stream));
    if (refusal !== undefined) throw refusal;
    const deadline = options.getDeadline()?.toDate().getTime() ?? Infinity;
    if (deadline < served.clock()) throw new Refusal(status.DEADLINE_EXCEEDED, 'The deadline is over.');
    const expected = expectedOf(options);
    const result = await write(served, { stream, expected, events });
    if (result.status === 'wrong-revision') response.setError(wrongVersion(expected, result.actual));
    else {
      const success = new streams.BatchAppendResp.Success();
      if (result.revision < 0) success.setNoStream(new emptyPb.Empty());
      else success.setCurrentRevision(String(result.revision));
      if (result.position === undefined) success.setNoPosition(new emptyPb.Empty());
      else {
        const position = new shared.AllStreamPosition();
        position.setCommitPosition(String(result.position));
        position.setPreparePosition(String(result.position));
        success.setPosition(position);
      }
      response.setSuccess(success);
    }
  } catch (error) {
    const refused = refusalOf(error);
    if (refused !== error) served.unforeseen(error);
    response.setError(statusOf(refused, response.getStreamIdentifier()));
  }
  return response;
}

function expectedOf(options: Options): Expected {
  if (options.hasStreamPosition()) return revisionOf(options.getStreamPosition());
  if (options.hasNoStream()) return 'no-stream';
  if (options.hasStreamExists()) return 'stream-exists';
  if (options.hasAny()) return 'any';
  throw invalid('The expected revision is missing.');
}

function wrongVersion(expected: Expected, actual: number): statusPb.Status {
  const wrong = new shared.WrongExpectedVersion();
  if (actual < 0) wrong.setCurrentNoStream(new emptyPb.Empty());
  else wrong.setCurrentStreamRevision(String(actual));
  if (expected === 'any') wrong.setExpectedAny(new emptyPb.Empty());
  else if (expected === 'no-stream') wrong.setExpectedNoStream(new emptyPb.Empty());
  else if (expected === 'stream-exists') wrong.setExpectedStreamExists(new emptyPb.Empty());
  else wrong.setExpectedStreamPosition(String(expected));
  return withDetails(status.FAILED_PRECONDITION, 'WrongExpectedVersion', 'WrongExpectedVersion', wrong);
}

/** A refusal as part of an answer: the other appends of the call go on. */
function statusOf(
  { code, details, metadata }: Refusal,
  stream: shared.StreamIdentifier | undefined,
): statusPb.Status {
  const [exception] = metadata.get('exception');
  if (exception === 'stream-deleted') {
    const deleted = new shared.StreamDeleted();
    deleted.setStreamIdentifier(stream);
    return withDetails(code, details, 'StreamDeleted', deleted);
  }
  if (exception === 'maximum-append-size-exceeded') {
    const exceeded = new shared.MaximumAppendSizeExceeded();
    exceeded.setMaxappendsize(MOST_BYTES);
    return withDetails(code, details, 'MaximumAppendSizeExceeded', exceeded);
  }
  switch (code) {
    case status.PERMISSION_DENIED:
      return withDetails(code, details, 'AccessDenied', new shared.AccessDenied());
    case status.DEADLINE_EXCEEDED:
      return withDetails(code, details, 'Timeout', new shared.Timeout());
    case status.INVALID_ARGUMENT: {
      const bad = new shared.BadRequest();
      bad.setMessage(details);
      return withDetails(code, details, 'BadRequest', bad);
    }
    default:
      return withDetails(code, details, 'Unknown', new shared.Unknown());
  }
}

function withDetails(code: status, message: string, type: string, details: Message): statusPb.Status {
  const packed = new anyPb.Any();
  packed.pack(details.serializeBinary(), `event_store.client.${type}`);
  const answer = new statusPb.Status();
  answer.setCode(code as number);
  answer.setMessage(message);
  answer.setDetails(packed);
  return answer;
}
