import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { NewEvent, RecordedEvent } from '../event-store.js';
import { invalid, metadataMissing } from './refusals.js';
import { contentOf, storedMetadata } from './stored-content.js';
import { requireStreamName, TOMBSTONE } from './stream-state.js';

/** The greatest revision: where EventStoreDB puts a tombstone. */
const LAST_REVISION = '9223372036854775807';

/** .NET counts time in ticks of 100 ns. */
const TICKS = 10_000n;

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';

export type UuidForm = 'text' | 'bits';

export const streamNameOf = (identifier: shared.StreamIdentifier | undefined): string =>
  requireStreamName(Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8'));

export function identifierOf(stream: string): shared.StreamIdentifier {
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream));
  return identifier;
}

/** In lower case; throws where there is none. */
export function uuidText(uuid: shared.UUID | undefined): string {
  const bits = uuid?.getStructured();
  if (bits === undefined) return (uuid?.getString() ?? '').toLowerCase();
  const half = (text: string): string => BigInt.asUintN(64, BigInt(text)).toString(16).padStart(16, '0');
  const hex = half(bits.getMostSignificantBits()) + half(bits.getLeastSignificantBits());
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function uuidOf(text: string, form: UuidForm = 'text'): shared.UUID {
  const uuid = new shared.UUID();
  if (form === 'text') {
    uuid.setString(text);
    return uuid;
  }
  const hex = text.replaceAll('-', '');
  const bits = new shared.UUID.Structured();
  const half = (digits: string): string => BigInt.asIntN(64, BigInt(`0x${digits}`)).toString();
  bits.setMostSignificantBits(half(hex.slice(0, 16)));
  bits.setLeastSignificantBits(half(hex.slice(16)));
  uuid.setStructured(bits);
  return uuid;
}

/** The parts of `AppendReq` and `BatchAppendReq` that hold an event are the same. */
type Proposed = streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage;

/** An event as a client wants it to be, for the log. */
export function eventOf(message: Proposed): NewEvent {
  const properties = message.getMetadataMap();
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  if (type === undefined || contentType === undefined) {
    const missing = [type === undefined && 'type', contentType === undefined && 'content-type'];
    throw metadataMissing(missing.filter((name) => name !== false));
  }
  if (type === TOMBSTONE) throw invalid(`'${TOMBSTONE}' is written by tombstoning a stream.`);
  const json = contentType === JSON_TYPE;
  const metadata = storedMetadata({ json, metadata: message.getCustomMetadata_asU8() });
  const id = uuidText(message.getId());
  const event = { id, type, data: message.getData_asU8() };
  return metadata === undefined ? event : { ...event, metadata };
}

/** About the bytes that an event takes on the wire. */
export const wireSize = ({ type, data, metadata }: NewEvent): number =>
  data.length + (metadata?.length ?? 0) + type.length + 90;

/** An event of the log, for a client. */
function wireEvent(event: RecordedEvent, uuids: UuidForm): streams.ReadResp.ReadEvent.RecordedEvent {
  const wire = new streams.ReadResp.ReadEvent.RecordedEvent();
  const { json, metadata } = contentOf(event.metadata);
  const position = String(event.position);
  wire.setId(uuidOf(event.id, uuids));
  wire.setStreamIdentifier(identifierOf(event.stream));
  wire.setStreamRevision(event.type === TOMBSTONE ? LAST_REVISION : String(event.revision));
  wire.setCommitPosition(position);
  wire.setPreparePosition(position);
  wire
    .getMetadataMap()
    .set('type', event.type)
    .set('created', String(BigInt(event.recordedAt) * TICKS))
    .set('content-type', json ? JSON_TYPE : BINARY_TYPE);
  wire.setCustomMetadata(metadata);
  wire.setData(event.data);
  return wire;
}

/** An event alone, or a link and what it leads to (nothing where that is not there any more). */
export interface Resolved {
  readonly event: RecordedEvent | undefined;
  readonly link?: RecordedEvent;
}

export function readEvent({ event, link }: Resolved, uuids: UuidForm): streams.ReadResp {
  const answer = new streams.ReadResp();
  const read = new streams.ReadResp.ReadEvent();
  if (event !== undefined) read.setEvent(wireEvent(event, uuids));
  if (link !== undefined) read.setLink(wireEvent(link, uuids));
  read.setCommitPosition(String((link ?? event)?.position ?? 0));
  answer.setEvent(read);
  return answer;
}

export function streamNotFound(stream: string): streams.ReadResp {
  const answer = new streams.ReadResp();
  const notFound = new streams.ReadResp.StreamNotFound();
  notFound.setStreamIdentifier(identifierOf(stream));
  answer.setStreamNotFound(notFound);
  return answer;
}

/** Where a stream begins of which a read found nothing. */
export function firstStreamPosition(revision: number): streams.ReadResp {
  const answer = new streams.ReadResp();
  answer.setFirstStreamPosition(String(revision));
  return answer;
}

/** Where the stream ends that was read. */
export function lastStreamPosition(revision: number): streams.ReadResp {
  const answer = new streams.ReadResp();
  answer.setLastStreamPosition(String(revision));
  return answer;
}

export function confirmation(id: string): streams.ReadResp {
  const answer = new streams.ReadResp();
  const confirmed = new streams.ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId(id);
  answer.setConfirmation(confirmed);
  return answer;
}

export function checkpoint(position: number): streams.ReadResp {
  const answer = new streams.ReadResp();
  const reached = new streams.ReadResp.Checkpoint();
  reached.setCommitPosition(String(position));
  reached.setPreparePosition(String(position));
  answer.setCheckpoint(reached);
  return answer;
}

export function caughtUp(): streams.ReadResp {
  const answer = new streams.ReadResp();
  answer.setCaughtUp(new streams.ReadResp.CaughtUp());
  return answer;
}
