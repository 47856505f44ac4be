import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ThreadlineError } from './errors.js';

/** Another program listens where the hub should. */
export class PortTakenError extends ThreadlineError {
  constructor(host: string, port: number) {
    super(`port ${port} of ${host} is taken by another program: set THREADLINE_PORT to another one`, {
      code: 'port-taken',
      retriable: true,
    });
  }
}

/** Listens; answers where, such as `http://127.0.0.1:8080`. Throws PortTakenError. */
export async function listenOn(app: NestFastifyApplication, host: string, port: number): Promise<string> {
  await app.listen(port, host).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? new PortTakenError(host, port) : error;
  });
  const address = app.getHttpServer().address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}
