import type { KafkaAddress } from '@threadline/platform/kafka-address';
import type { Logger } from '@threadline/platform/logger';
import { distrustOf } from '@threadline/platform/tls-files';
import { watchedSockets } from './watched-socket.js';

/** Milliseconds. */
const CONNECT_WITHIN = 3_000;
export const ANSWER_WITHIN = 10_000;
/** Longer than an answer may take, and than Kafka waits for the other members of a group (twice a session). */
const SILENT = 14_000;

/**
 * How long a send is tried by the driver itself, with the same sequence numbers: about 14 s, longer than it takes three
 * brokers to agree that one of them is gone (`broker.session.timeout.ms`, 9 s unless set otherwise).
 */
export const RETRY = { initialRetryTime: 100, factor: 0.2, multiplier: 2, maxRetryTime: 2_000, retries: 10 };

export interface ClientOptions extends KafkaAddress {
  readonly clientId: string;
  readonly log: Logger;
}

/** What the driver's client is made with; `retries`: how often it tries a thing again. */
export const clientSettings = (
  { brokers, tls, sasl, clientId }: ClientOptions,
  retries: number,
): {
  brokers: string[];
  clientId: string;
  ssl?: NonNullable<KafkaAddress['tls']>;
  sasl?: NonNullable<KafkaAddress['sasl']>;
  connectionTimeout: number;
  requestTimeout: number;
  retry: typeof RETRY;
  socketFactory: ReturnType<typeof watchedSockets>;
} => ({
  brokers: [...brokers],
  clientId,
  ...(tls && { ssl: { ...tls } }),
  ...(sasl && { sasl }),
  connectionTimeout: CONNECT_WITHIN,
  requestTimeout: ANSWER_WITHIN,
  retry: { ...RETRY, retries },
  socketFactory: watchedSockets(SILENT),
});

/** Why Kafka does not let us in, or why we do not trust it; undefined where it is something else that is wrong. */
export function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const refused = error.name === 'KafkaJSSASLAuthenticationError' ? error.message : distrustOf(error);
  return refused ?? refusalOf(error.cause);
}

/** Expected, and over by itself. */
const HARMLESS =
  /COORDINATOR_LOAD|coordinator is loading|Limiting retries for the idempotent producer|rebalanc/i;

/** What the driver tells of itself. */
interface Told {
  readonly namespace: string;
  readonly log: { readonly message: string; readonly error?: unknown };
}

/** The driver calls an ERROR what it is about to heal: WARN at most. What does not heal is told to `lost`. */
export function tell(log: Logger, { namespace, log: { message, error } }: Told, important: boolean): void {
  const reason = typeof error === 'string' ? error : undefined;
  const quiet = !important || HARMLESS.test(`${message} ${reason ?? ''}`);
  log[quiet ? 'debug' : 'warn']({ namespace, told: message, reason }, 'the Kafka driver tells something');
}
