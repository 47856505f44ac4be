import { randomUUID } from 'node:crypto';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { requireScope } from './caller.js';
import { eventFilter } from './event-filter.js';
import { readAll, subscribeToAll, type AllRequest } from './read-all.js';
import { readStream, subscribeToStream, type StreamRequest } from './read-stream.js';
import { invalid, refusalOf, stopping } from './refusals.js';
import type { Served } from './served-log.js';
import { streamNameOf } from './wire.js';

type ReadCall = ServerWritableStream<streams.ReadReq, streams.ReadResp>;
type Options = streams.ReadReq.Options;

/** `Streams.Read`: reads and subscriptions, of one stream or of $all. */
export function readCall(served: Served): (call: ReadCall) => void {
  return (call) => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, served.stop]);
    send(call, () => answers(served, call, signal), gone.signal).then(
      () => (served.stop.aborted ? call.emit('error', stopping()) : call.end()),
      (error: unknown) => {
        if (gone.signal.aborted) return;
        if (served.stop.aborted) return call.emit('error', stopping());
        const refusal = refusalOf(error);
        if (refusal !== error) served.unforeseen(error);
        return call.emit('error', refusal);
      },
    );
  };
}

/** Writes as fast as the client takes it, until it has gone. */
async function send(
  call: ReadCall,
  answer: () => AsyncIterable<streams.ReadResp>,
  gone: AbortSignal,
): Promise<void> {
  for await (const message of answer()) {
    if (gone.aborted) return;
    if (!call.write(message)) await roomOrGone(call, gone);
  }
}

const roomOrGone = (call: ReadCall, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      call.removeListener('drain', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    call.once('drain', done);
    gone.addEventListener('abort', done);
    if (gone.aborted) done();
  });

function answers(
  served: Served,
  { request, metadata }: ReadCall,
  signal: AbortSignal,
): AsyncIterable<streams.ReadResp> {
  const caller = requireScope(served, metadata, 'analyse');
  const options = request.getOptions();
  if (options === undefined) throw invalid('The request has no options.');
  const subscription = options.hasSubscription();
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  if (subscription && backwards) throw invalid('A subscription only goes forwards.');
  const common = {
    direction: backwards ? 'backwards' : 'forwards',
    limit: subscription ? Infinity : Number(options.getCount()),
    resolveLinks: options.getResolveLinks(),
    uuids: options.getUuidOption()?.hasStructured() ? 'bits' : 'text',
  } as const;
  if (options.hasStream()) {
    if (options.hasFilter()) throw invalid('A filter is for $all only.');
    const tellEnds = (options.getControlOption()?.getCompatibility() ?? 0) >= 1;
    const wanted: StreamRequest = { ...common, ...streamPlace(options), tellEnds };
    return subscription
      ? subscribeToStream(served, caller, wanted, randomUUID(), signal)
      : readStream(served, caller, wanted, signal);
  }
  if (!options.hasAll()) throw invalid('The request names neither a stream nor $all.');
  const wanted: AllRequest = { ...common, from: allPlace(options), filter: eventFilter(options.getFilter()) };
  return subscription
    ? subscribeToAll(served, wanted, randomUUID(), signal)
    : readAll(served, wanted, signal);
}

const { RevisionOptionCase } = streams.ReadReq.Options.StreamOptions;
const { AllOptionCase } = streams.ReadReq.Options.AllOptions;

function streamPlace(options: Options): Pick<StreamRequest, 'stream' | 'from'> {
  const place = options.getStream();
  const stream = streamNameOf(place?.getStreamIdentifier());
  switch (place?.getRevisionOptionCase()) {
    case RevisionOptionCase.REVISION:
      return { stream, from: revisionOf(place.getRevision()) };
    case RevisionOptionCase.END:
      return { stream, from: 'end' };
    default:
      return { stream, from: 'start' };
  }
}

/** A revision beyond what a number holds is beyond every stream. */
function revisionOf(text: string): number {
  const revision = BigInt(text);
  if (revision > 2n ** 63n - 1n) throw invalid(`${text} is no revision.`);
  return revision > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(revision);
}

function allPlace(options: Options): AllRequest['from'] {
  const place = options.getAll();
  switch (place?.getAllOptionCase()) {
    case AllOptionCase.POSITION:
      return Math.min(Number(place.getPosition()?.getCommitPosition() ?? 0), Number.MAX_SAFE_INTEGER);
    case AllOptionCase.END:
      return 'end';
    default:
      return 'start';
  }
}
