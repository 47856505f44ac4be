import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsClient, StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import protobuf from 'google-protobuf';
import durationPb from 'google-protobuf/google/protobuf/duration_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { TEST_KEY } from '../support/hub.js';
import { all, connect, counted, newStream } from '../support/esdb.js';
import { startStore, type StoreProcess } from '../support/store-process.js';

/** What the official clients in other languages send and expect, and the one for Node does not. */
let store: StoreProcess;
let client: EventStoreDBClient;
let raw: StreamsClient;
let bytes: Client;
before(async () => {
  store = await startStore();
  client = connect(store.connection());
  const secure = credentials.createSsl(readFileSync(join(store.folder, 'eventstore-ca.crt')));
  raw = new StreamsClient(`127.0.0.1:${store.port}`, secure);
  bytes = new Client(`127.0.0.1:${store.port}`, secure);
});
after(async () => {
  raw.close();
  bytes.close();
  await client.dispose();
  await store.end('SIGTERM');
  assert.doesNotMatch(store.printed(), /a call failed/, 'nothing here is a fault of the server');
  await store.dispose();
});

const authorized = (): Metadata => {
  const metadata = new Metadata();
  metadata.set('authorization', `Basic ${Buffer.from(`any:${TEST_KEY}`).toString('base64')}`);
  return metadata;
};

const identifier = (stream: string): shared.StreamIdentifier => {
  const name = new shared.StreamIdentifier();
  name.setStreamName(Buffer.from(stream));
  return name;
};

const newId = (): shared.UUID => {
  const id = new shared.UUID();
  id.setString(randomUUID());
  return id;
};

/** Fills in either kind of message that holds an event. */
function eventOf<Message extends streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage>(
  data: Uint8Array,
  message: Message,
): Message {
  message.setId(newId());
  message.getMetadataMap().set('type', 'raw').set('content-type', 'application/json');
  message.setData(data);
  return message;
}

describe('a read by a client that knows where streams end', () => {
  const read = (stream: string, from: number, limit = 100): Promise<streams.ReadResp[]> => {
    const place = new streams.ReadReq.Options.StreamOptions();
    place.setStreamIdentifier(identifier(stream));
    place.setRevision(String(from));
    const uuids = new streams.ReadReq.Options.UUIDOption();
    uuids.setString(new shared.Empty());
    const control = new streams.ReadReq.Options.ControlOption();
    control.setCompatibility(1);
    const options = new streams.ReadReq.Options();
    options.setStream(place);
    options.setCount(String(limit));
    options.setUuidOption(uuids);
    options.setNoFilter(new shared.Empty());
    options.setControlOption(control);
    const request = new streams.ReadReq();
    request.setOptions(options);
    return all<streams.ReadResp>(raw.read(request, authorized()));
  };
  const ends = async (answers: Promise<streams.ReadResp[]>): Promise<unknown> => {
    const read = await answers;
    const [first] = read.filter((answer) => answer.hasFirstStreamPosition());
    const last = read.at(-1);
    return [
      read.filter((answer) => answer.hasEvent()).length,
      first?.getFirstStreamPosition(),
      last?.hasLastStreamPosition() === true ? last.getLastStreamPosition() : undefined,
    ];
  };

  it('is told so', async () => {
    const stream = newStream();
    await client.appendToStream(stream, counted(5));
    assert.deepEqual(await ends(read(stream, 0)), [5, undefined, '4']);
    assert.deepEqual(await ends(read(stream, 2, 1)), [1, undefined, '4']);
    assert.deepEqual(await ends(read(stream, 9)), [0, '5', '4'], 'beyond the end');
    await client.setStreamMetadata(stream, { truncateBefore: 5 });
    assert.deepEqual(await ends(read(stream, 0)), [0, '5', '4'], 'nothing is left');
    assert.deepEqual(await ends(read(stream, 5)), [0, undefined, '4'], 'nothing new');
    const [answer, ...others] = await read(newStream(), 0);
    assert.ok(answer?.hasStreamNotFound());
    assert.deepEqual(others, []);
  });
});

describe('an append whose client goes away', () => {
  it('before all of it has come is nothing', async () => {
    const stream = newStream();
    const options = new streams.AppendReq.Options();
    options.setStreamIdentifier(identifier(stream));
    options.setAny(new shared.Empty());
    const request = new streams.AppendReq();
    request.setOptions(options);
    const call = raw.append(authorized(), () => undefined);
    const over = new Promise((resolve) => call.on('error', resolve).on('status', resolve));
    const write = (message: streams.AppendReq): Promise<void> =>
      new Promise((resolve) => call.write(message, () => resolve()));
    const writeEvent = (size: number): Promise<void> => {
      const message = new streams.AppendReq();
      message.setProposedMessage(eventOf(Buffer.alloc(size), new streams.AppendReq.ProposedMessage()));
      return write(message);
    };
    await write(request);
    // More than goes out before the server has begun to read; and of the last one only a part does.
    for (let i = 0; i < 20; i++) await writeEvent(100_000);
    void writeEvent(10_000_000);
    call.cancel();
    await over;
    assert.equal((await client.appendToStream(stream, counted(1))).nextExpectedRevision, 0n);
  });
});

describe('a deletion of a stream that is to exist', () => {
  const end = (stream: string, how: 'delete' | 'tombstone'): Promise<unknown> => {
    const request = how === 'delete' ? new streams.DeleteReq() : new streams.TombstoneReq();
    const options = how === 'delete' ? new streams.DeleteReq.Options() : new streams.TombstoneReq.Options();
    options.setStreamIdentifier(identifier(stream));
    options.setStreamExists(new shared.Empty());
    request.setOptions(options);
    return new Promise((resolve, reject) => {
      raw[how](request, authorized(), (error, answer) => (error ? reject(error) : resolve(answer)));
    });
  };

  it('is done where it does, or something was said of it', async () => {
    for (const how of ['delete', 'tombstone'] as const) {
      const [there, described, deleted] = [newStream(), newStream(), newStream()];
      for (const stream of [there, deleted]) await client.appendToStream(stream, counted(1));
      await client.setStreamMetadata(described, { cacheControl: 1 });
      await client.deleteStream(deleted);
      await end(there, how);
      await end(described, how);
      await assert.rejects(end(deleted, how), /is deleted/);
      await assert.rejects(end(newStream(), how), /WrongExpectedVersion/);
    }
  });
});

describe('a batch append by a client that sends the time it has', () => {
  /** The definitions that are here do not know the field: it is put behind the others. */
  const append = (stream: string, seconds: number): Promise<streams.BatchAppendResp> => {
    const options = new streams.BatchAppendReq.Options();
    options.setStreamIdentifier(identifier(stream));
    options.setAny(new emptyPb.Empty());
    const duration = new durationPb.Duration();
    duration.setSeconds(seconds);
    const lasting = new protobuf.BinaryWriter();
    lasting.writeBytes(7, duration.serializeBinary());
    const request = new streams.BatchAppendReq();
    request.setCorrelationId(newId());
    request.addProposedMessages(eventOf(Buffer.from('{}'), new streams.BatchAppendReq.ProposedMessage()));
    request.setIsFinal(true);
    const optionsField = new protobuf.BinaryWriter();
    optionsField.writeBytes(2, Buffer.concat([options.serializeBinary(), lasting.getResultBuffer()]));
    const message = Buffer.concat([optionsField.getResultBuffer(), request.serializeBinary()]);
    const { path } = StreamsService.batchAppend;
    const call = bytes.makeBidiStreamRequest(
      path,
      (data: Buffer) => data,
      (data) => streams.BatchAppendResp.deserializeBinary(data),
      authorized(),
    );
    return new Promise((resolve, reject) => {
      call.on('data', resolve).on('error', reject);
      call.end(message);
    });
  };

  it('is taken within that time', async () => {
    const stream = newStream();
    const answer = await append(stream, 3_600);
    assert.equal(answer.getSuccess()?.getCurrentRevision(), '0');
    assert.equal((await all(client.readStream(stream))).length, 1);
  });

  it('is refused where that is over, and nothing is written', async () => {
    const stream = newStream();
    const answer = await append(stream, -1);
    assert.match(answer.getError()?.getDetails()?.getTypeName() ?? '', /Timeout$/);
    await client.appendToStream(stream, counted(1));
    assert.equal((await all(client.readStream(stream))).length, 1);
  });

  it('is told which stream is deleted', async () => {
    const stream = newStream();
    await client.appendToStream(stream, counted(1));
    await client.tombstoneStream(stream);
    const details = (await append(stream, 3_600)).getError()?.getDetails();
    const deleted = details?.unpack(
      (data) => shared.StreamDeleted.deserializeBinary(data),
      'event_store.client.StreamDeleted',
    );
    const name = deleted?.getStreamIdentifier()?.getStreamName_asU8() ?? [];
    assert.equal(Buffer.from(name).toString(), stream);
  });
});
