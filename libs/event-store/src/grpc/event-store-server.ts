import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server } from '@grpc/grpc-js';
import { ThreadlineError } from '@threadline/platform/errors';
import { appendCall } from './append-call.js';
import { batchAppendCall } from './batch-append-call.js';
import { batchAppendRequest } from './batch-append-request.js';
import { DescribedStreams } from './described-streams.js';
import { deleteCall, tombstoneCall } from './delete-call.js';
import { widenWindows } from './flow-window.js';
import { gossipRead, supportedMethods } from './node-calls.js';
import { readCall } from './read-call.js';
import type { Served } from './served-log.js';
import type { ServerCertificate } from './server-certificate.js';
import { openTlsPort } from './tls-port.js';

/** Another program listens there, or the port is not ours to take. */
export class EventStorePortError extends ThreadlineError {
  constructor(port: number, cause: unknown) {
    super(
      `port ${port} of ${HOST} cannot be taken (${cause instanceof Error ? cause.message : String(cause)}): ` +
        'set THREADLINE_EVENTSTORE_PORT to another one',
      { code: 'port-taken', retriable: true, cause },
    );
  }
}

export interface EventStoreServerOptions extends Omit<Served, 'stop' | 'clock' | 'ending' | 'described'> {
  /** 0 takes any free one. */
  readonly port: number;
  readonly certificate: ServerCertificate;
  readonly clock?: () => number;
}

export interface EventStoreServer {
  readonly port: number;
  /** Ends subscriptions and refuses calls as a server that stops; appends that came in are answered. */
  close(): Promise<void>;
}

/** Loopback only: the certificate names nothing else. */
const HOST = '127.0.0.1';

/** EventStoreDB takes messages of 17 MiB, so its clients send such. */
const MOST_MESSAGE_BYTES = 17 * 1024 * 1024;

/** Milliseconds that calls have to end in. */
const PATIENCE = 2_000;

const streamsService = (clock: () => number): typeof StreamsService => ({
  ...StreamsService,
  batchAppend: {
    ...StreamsService.batchAppend,
    requestDeserialize: (bytes) => batchAppendRequest(bytes, clock),
  },
});

/** A log served under EventStoreDB's gRPC protocol, over TLS. Methods that are not here answer UNIMPLEMENTED. */
export async function serveEventStore(options: EventStoreServerOptions): Promise<EventStoreServer> {
  const { certificate, port: wanted, clock = Date.now, ...rest } = options;
  const stop = new AbortController();
  const described = await DescribedStreams.of(rest.log);
  const served: Served = { ...rest, clock, described, stop: stop.signal, ending: new Map() };
  const server = new Server({
    'grpc.max_receive_message_length': MOST_MESSAGE_BYTES,
    'grpc.max_send_message_length': MOST_MESSAGE_BYTES,
  });
  server.addService(streamsService(clock), {
    read: readCall(served),
    append: appendCall(served),
    batchAppend: batchAppendCall(served),
    delete: deleteCall(served),
    tombstone: tombstoneCall(served),
  });
  server.addService(GossipService, {
    read: gossipRead(() => ({ host: HOST, port: listening.port }), clock),
  });
  server.addService(ServerFeaturesService, {
    getSupportedMethods: supportedMethods(),
  });
  const { unforeseen } = served;
  const listening = await openTlsPort({ host: HOST, port: wanted, certificate, server, unforeseen }).catch(
    (error: unknown) => {
      throw new EventStorePortError(wanted, error);
    },
  );
  widenWindows(server);
  return {
    port: listening.port,
    close: async () => {
      stop.abort();
      listening.stop();
      await new Promise<void>((resolve) => {
        const late = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, PATIENCE);
        server.tryShutdown(() => {
          clearTimeout(late);
          resolve();
        });
      });
      listening.close();
    },
  };
}
