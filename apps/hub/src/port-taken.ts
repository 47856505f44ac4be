import { ThreadlineError } from '@threadline/platform/errors';

/** Another program listens where the hub should. */
export class PortTakenError extends ThreadlineError {
  constructor(host: string, port: number) {
    super(`port ${port} of ${host} is taken by another program: set THREADLINE_PORT to another one`, {
      code: 'port-taken',
      retriable: true,
    });
  }
}
