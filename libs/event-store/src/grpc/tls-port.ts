import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import type { ServerCertificate } from './server-certificate.js';

export interface TlsPortOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly certificate: ServerCertificate;
  /** Gets every connection that speaks HTTP/2. */
  readonly server: Server;
  /** A connection could not be taken; the port stays open. */
  readonly unforeseen: (error: unknown) => void;
}

export interface TlsPort {
  readonly port: number;
  /** Takes no more connections; those that are there stay. */
  stop(): void;
  /** Ends those as well. */
  close(): void;
}

/**
 * A port for gRPC. EventStoreDB answers HTTP/1.1 there too, and its clients fall back to that for what a server does not
 * list among its methods: here each such request is answered 501, with what was wanted by name.
 * Rejects with the system's error where the port is not to be had.
 */
export async function openTlsPort(wanted: TlsPortOptions): Promise<TlsPort> {
  const { host, port, certificate, server, unforeseen } = wanted;
  // TLS is over when gRPC gets the connection.
  const grpc = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http = createHttpServer(refuse);
  const sockets = new Set<TLSSocket>();
  const { key, chain } = certificate;
  const options = { key, cert: chain, ALPNProtocols: ['h2', 'http/1.1'], noDelay: true };
  const tls = createTlsServer(options, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (socket.alpnProtocol === 'h2') grpc.injectConnection(socket);
    else http.emit('connection', socket);
  });
  await new Promise<void>((resolve, reject) => {
    tls.once('error', reject);
    tls.listen(port, host, () => {
      tls.off('error', reject);
      resolve();
    });
  });
  tls.on('error', unforeseen);
  return {
    port: (tls.address() as AddressInfo).port,
    stop: () => void tls.close(),
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Clients show the reason phrase, which is ASCII, and not the body. */
function refuse({ method = '', url = '' }: IncomingMessage, response: ServerResponse): void {
  const path = /^[\x21-\x7e]{1,200}$/.test(url) ? url : 'that';
  const reason = `UNIMPLEMENTED: ${method} ${path} is not supported, this server speaks gRPC`;
  response.writeHead(501, reason, { 'content-type': 'text/plain', connection: 'close' }).end(`${reason}\n`);
}
