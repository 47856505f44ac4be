import streams from '@eventstore/db-client/generated/streams_pb.js';
import protobuf from 'google-protobuf';
import durationPb from 'google-protobuf/google/protobuf/duration_pb.js';
import timestampPb from 'google-protobuf/google/protobuf/timestamp_pb.js';

/** The fields of `BatchAppendReq` and of its options that are read here. */
const OPTIONS = 2;
const DEADLINE = 7;

/**
 * A request of `Streams.BatchAppend`. Clients in other languages send the deadline as a duration, which the definitions
 * of the Node client do not know: it counts from now on, as on EventStoreDB, and becomes a point in time.
 */
export function batchAppendRequest(bytes: Uint8Array, clock: () => number): streams.BatchAppendReq {
  const request = streams.BatchAppendReq.deserializeBinary(bytes);
  const options = request.getOptions();
  if (options !== undefined && !options.hasDeadline()) {
    const lasting = field(field(bytes, OPTIONS), DEADLINE);
    if (lasting !== undefined) options.setDeadline(pointIn(lasting, clock()));
  }
  return request;
}

function pointIn(lasting: Uint8Array, now: number): timestampPb.Timestamp {
  const duration = durationPb.Duration.deserializeBinary(lasting);
  const milliseconds = duration.getSeconds() * 1000 + duration.getNanos() / 1e6;
  return timestampPb.Timestamp.fromDate(new Date(now + milliseconds));
}

/** The bytes of a field that is a message; `undefined` where it is not there. */
function field(message: Uint8Array | undefined, number: number): Uint8Array | undefined {
  if (message === undefined) return undefined;
  const reader = new protobuf.BinaryReader(message);
  while (reader.nextField()) {
    if (reader.getFieldNumber() === number) return reader.readBytes();
    reader.skipField();
  }
  return undefined;
}
