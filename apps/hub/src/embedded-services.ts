import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** The stations of the road, each a process of its own in cluster mode. */
export const SERVICES = ['gateway', 'ingest', 'projector', 'api'] as const;
export type Service = (typeof SERVICES)[number];

/** An embedded store has one writer and is told by message what was appended: a process of its own would see neither. */
export class EmbeddedElsewhereError extends ThreadlineError {
  constructor(missing: readonly Service[]) {
    super(
      `the embedded stores serve one process that hosts every service; ${missing.join(', ')} would be elsewhere: ` +
        'set THREADLINE_MODE to cluster, or start the hub',
      { code: 'embedded-elsewhere', retriable: false, exitCode: EXIT.configuration },
    );
  }
}

/** Refuses embedded stores to a process that does not host all services. */
export function requireAllServices(hosted: readonly Service[]): void {
  const missing = SERVICES.filter((service) => !hosted.includes(service));
  if (missing.length > 0) throw new EmbeddedElsewhereError(missing);
}
