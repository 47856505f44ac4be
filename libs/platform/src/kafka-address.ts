import { readTlsFiles, TLS_PARAMETERS, type TlsFiles } from './tls-files.js';
import type { Parsed } from './variables.js';

const MECHANISMS = ['scram-sha-512', 'scram-sha-256', 'plain'] as const;

/** Where a Kafka is, and what it wants of whoever connects. */
export interface KafkaAddress {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** Absent: no TLS. */
  readonly tls?: TlsFiles;
  /** Absent: nobody has to say who he is, or the certificate says it. */
  readonly sasl?: {
    readonly mechanism: (typeof MECHANISMS)[number];
    readonly username: string;
    readonly password: string;
  };
}

const FORM =
  'must be host:port,host:port, or kafka:// or kafkas:// (TLS), perhaps user:password@, host:port,host:port, and perhaps ' +
  `?mechanism=${MECHANISMS.join('|')}&${TLS_PARAMETERS.map((name) => `${name}=<file>`).join('&')}`;

const URL_FORM = /^(kafkas?):\/\/(?:([^@/?#]*)@)?([^@/?#]*)\/?(?:\?([^#]*))?$/;

/**
 * `host:port,…` as it is, or `kafka://` and `kafkas://` (TLS) with a user and parameters. `%` escapes what user or
 * password have of `:@/?#%,`.
 */
export function parseKafkaAddress(text: string): Parsed<KafkaAddress> {
  const [, scheme, credentials, hosts = text, query = ''] = URL_FORM.exec(text) ?? [];
  const brokers = hosts.split(',').map((host) => host.trim());
  if (!brokers.every((broker) => /^[^\s:/@]+:\d{1,5}$/.test(broker))) return { problems: [FORM] };
  const problems: string[] = [];
  const refuse = (problem: string): void => void problems.push(problem);
  const parameters = new URLSearchParams(query);
  const encrypted = scheme === 'kafkas';
  const known: readonly string[] = ['mechanism', ...TLS_PARAMETERS];
  const names = [...parameters.keys()];
  if (names.some((name) => !known.includes(name)) || new Set(names).size < names.length)
    refuse(`takes the parameters ${known.join(', ')}, each at most once`);
  if (!encrypted && TLS_PARAMETERS.some((name) => parameters.has(name)))
    refuse(`needs kafkas:// for ${TLS_PARAMETERS.join(', ')}`);
  const sasl = saslOf(credentials, parameters.get('mechanism'), encrypted, refuse);
  const tls = encrypted ? readTlsFiles(parameters, refuse) : undefined;
  if (problems.length > 0) return { problems };
  return { value: { brokers, ...(tls && { tls }), ...(sasl && { sasl }) } };
}

function saslOf(
  credentials: string | undefined,
  given: string | null,
  encrypted: boolean,
  refuse: (problem: string) => void,
): KafkaAddress['sasl'] {
  const mechanism = MECHANISMS.find((one) => one === (given ?? MECHANISMS[0]));
  if (mechanism === undefined) refuse(`must have a mechanism of ${MECHANISMS.join(', ')}`);
  if (credentials === undefined) {
    if (given !== null) refuse('has a mechanism, and no user:password@ for it');
    return undefined;
  }
  const [username, password] = credentials.split(':').map(decoded);
  if (!username || !password || credentials.split(':').length !== 2) {
    refuse('must have user:password before the @, with % escapes for :@/?#%, in them');
    return undefined;
  }
  if (mechanism === 'plain' && !encrypted)
    refuse('needs kafkas:// for the mechanism plain, which sends the password');
  return mechanism && { mechanism, username, password };
}

/** Undefined where the escapes are none. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
