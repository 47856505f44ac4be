import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { contentModeOf, headerValue } from '@threadline/contracts/cloudevents';
import { ARRIVAL, DECIDES } from '@threadline/contracts/events-answer';

/** Headers that a gateway adds to an event on `interactions.inbound`; whoever else publishes there sets none of them. */
export const ADDED = {
  /** When it arrived, milliseconds since 1970. */
  arrival: 'threadline-arrival',
  /** `backfill` */
  mode: 'threadline-mode',
  /** That its sender may decide on identity, signed: see `DecisionSigner`. */
  decides: 'threadline-decides',
  /** `<gateway>/<number>`: who waits for the answer. */
  answerTo: 'threadline-answer-to',
} as const;

/** An HTTP request's headers of an event in binary mode as the CloudEvents binding of Kafka has them: `ce_*`, UTF-8. */
export function toKafkaHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'content-type') out[name] = value;
    else if (name.startsWith('ce-')) out[`ce_${name.slice(3)}`] = headerValue(value) ?? value;
  }
  return out;
}

/**
 * The headers of an event on Kafka as an HTTP request of the same event would have them, which is what everything behind
 * reads; undefined where it is a batch, which the binding does not know. Who is named as deciding is `decides`.
 */
export function fromKafkaHeaders(
  headers: Readonly<Record<string, string>>,
  decides: boolean,
): Record<string, string> | undefined {
  const out: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    if (name === 'content-type') out[name] = value;
    else if (name.startsWith('ce_')) out[`ce-${name.slice(3)}`] = encoded(value);
  }
  if (contentModeOf({ contentType: out['content-type'], headers: out }) === 'batch') return undefined;
  const arrival = headers[ADDED.arrival];
  if (arrival !== undefined && /^\d{1,15}$/.test(arrival)) out[ARRIVAL] = arrival;
  if (headers[ADDED.mode] === 'backfill') out['mode'] = 'backfill';
  if (decides) out[DECIDES] = 'true';
  return out;
}

/** So that reading it as an HTTP header gives the same text again. */
const encoded = (text: string): string =>
  text.replace(/[^\x20-\x7e]|[%"\\]/gu, (character) =>
    [...Buffer.from(character, 'utf8')].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );

/**
 * Whoever can publish to the topic could say that a key with `admin` has sent it: so the gateway signs the bodies of
 * decisions, and ingest believes nothing else. HMAC-SHA-256 under a key that is derived from the master key.
 */
export class DecisionSigner {
  readonly #key: Uint8Array;

  constructor(masterKey: Uint8Array) {
    this.#key = new Uint8Array(hkdfSync('sha256', masterKey, '', 'threadline decisions on kafka', 32));
  }

  sign(body: Uint8Array): string {
    return createHmac('sha256', this.#key).update(body).digest('hex');
  }

  isSigned(body: Uint8Array, signature: string | undefined): boolean {
    if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) return false;
    return timingSafeEqual(Buffer.from(this.sign(body), 'hex'), Buffer.from(signature, 'hex'));
  }
}
