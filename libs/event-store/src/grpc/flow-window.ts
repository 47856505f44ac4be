import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/**
 * Bytes that a client may send before it has to wait for us; HTTP/2 begins with 64 KiB. What comes together is committed
 * together: so some thousand events share an fsync, not twenty-five.
 */
const WINDOW = 4 * 1024 * 1024;

/** Lets every connection to the server, once that is bound, send so much. */
export function widenWindows(server: Server): void {
  // The library has an option for it in its client only.
  const { http2Servers } = server as unknown as { http2Servers: ReadonlyMap<Http2Server, unknown> };
  for (const http2Server of http2Servers.keys()) {
    http2Server.on('session', (session) => {
      session.settings({ initialWindowSize: WINDOW });
      session.setLocalWindowSize(WINDOW);
    });
  }
}
