import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import statusPb from '@eventstore/db-client/generated/status_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { gossipRead, supportedMethods } from '@threadline/event-store/grpc/node-calls';
import { authorityFile, serverCertificate } from '@threadline/event-store/grpc/server-certificate';
import { TEST_KEY } from './hub.js';

export type ReadCall = ServerWritableStream<streams.ReadReq, streams.ReadResp>;
export type BatchCall = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

/** What a server does that is not well. Every call of its kind is given to it. */
export interface Faults {
  readonly read?: (call: ReadCall) => void;
  readonly batchAppend?: (call: BatchCall) => void;
  /** Whom it says that leads, by port, where it is asked for its cluster. */
  readonly leader?: () => number;
}

export interface FaultyServer {
  readonly port: number;
  readonly connection: string;
  close(): void;
}

/** A server of EventStoreDB's protocol with the faults that a test wants; what it does not want is not answered. */
export async function startFaulty(faults: Faults, folder?: string): Promise<FaultyServer> {
  const home = folder ?? mkdtempSync(join(tmpdir(), 'threadline-faulty-'));
  const { key, chain } = await serverCertificate(home, Date.now());
  const server = new Server();
  const silent = (): void => undefined;
  server.addService(StreamsService, {
    read: faults.read ?? silent,
    batchAppend: faults.batchAppend ?? silent,
    append: silent,
    delete: silent,
    tombstone: silent,
  });
  server.addService(ServerFeaturesService, { getSupportedMethods: supportedMethods() });
  const { leader } = faults;
  if (leader !== undefined) {
    const address = () => ({ host: '127.0.0.1', port: leader() });
    server.addService(GossipService, { read: gossipRead(address, Date.now) });
  }
  const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: chain }], false);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return {
    port,
    connection: `esdb://any:${TEST_KEY}@127.0.0.1:${port}?tls=true&tlsCAFile=${authorityFile(home)}`,
    close: () => {
      server.forceShutdown();
      if (folder === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Ends a call as a node does that does not lead. */
export function refuseAsFollower(call: ReadCall | BatchCall, leader: { port: number }): void {
  const metadata = new Metadata();
  metadata.set('exception', 'not-leader');
  metadata.set('leader-endpoint-host', '127.0.0.1');
  metadata.set('leader-endpoint-port', String(leader.port));
  call.emit('error', { code: status.NOT_FOUND, details: 'Leader info available', metadata });
}

/** Answers an append as a node does that cannot take one for the time being: with details that the driver does not know. */
export function answerNotNow(call: BatchCall, request: streams.BatchAppendReq, message: string): void {
  const details = new anyPb.Any();
  details.pack(new emptyPb.Empty().serializeBinary(), 'google.protobuf.Empty');
  const error = new statusPb.Status();
  error.setMessage(message);
  error.setDetails(details);
  const response = new streams.BatchAppendResp();
  response.setCorrelationId(request.getCorrelationId());
  response.setStreamIdentifier(request.getOptions()?.getStreamIdentifier());
  response.setError(error);
  call.write(response);
}

/** A read that finds nothing. */
export const emptyRead = (call: ReadCall): void => void call.end();
