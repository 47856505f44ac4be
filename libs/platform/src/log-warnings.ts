import type { Logger } from './logger.js';

/**
 * What libraries are known to do and need nobody's attention: grpc-js names an address as the TLS server's name, and
 * kafkajs (2.2.4) sets a timer for the past where nothing is throttled.
 */
const KNOWN = new Set(['DEP0123', 'TimeoutNegativeWarning']);

/** From now on Node's own warnings are lines of the log, and not text on standard error between them. */
export function logWarnings(log: Logger): void {
  process.removeAllListeners('warning').on('warning', (warning: Error & { code?: string }) => {
    const known = KNOWN.has(warning.code ?? warning.name);
    log[known ? 'debug' : 'warn']({ err: warning }, 'Node warns');
  });
}
