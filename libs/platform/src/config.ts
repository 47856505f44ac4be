import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { isKey } from './auth.js';
import { ThreadlineError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { parseKafkaAddress, type KafkaAddress } from './kafka-address.js';
import { parseRedisAddress } from './redis-address.js';
import { Variables, type ConfigurationProblem, type Environment, type GivenRules } from './variables.js';

export type { Environment };

/** One or more variables are wrong; all of them are named. Exit code 78. */
export class ConfigurationError extends ThreadlineError {
  constructor(readonly problems: readonly ConfigurationProblem[]) {
    const lines = problems.map(({ variable, message }) => `  ${variable} ${message}`);
    super(`bad configuration:\n${lines.join('\n')}`, {
      code: 'bad-configuration',
      retriable: false,
      exitCode: EXIT.configuration,
    });
  }
}

export type Mode = 'embedded' | 'cluster';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Milliseconds: until a balancer that asks every second or two has noticed. */
const CLUSTER_GRACE = 5_000;
/** Seconds: as long as anybody may want to wait. */
const LONGEST_GRACE = 300;

/** Base64 of exactly 32 bytes, white space around it aside; `undefined` where it is something else. */
export function parseMasterKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64');
  // Node skips what is not base64 and takes stray bits at the end: only what it would write itself is a key.
  return key.length === 32 && key.toString('base64') === trimmed.padEnd(44, '=') ? key : undefined;
}

const CLUSTER_PARTS = {
  kafka: 'THREADLINE_KAFKA',
  eventStore: 'THREADLINE_EVENTSTORE',
  redis: 'THREADLINE_REDIS',
  vault: 'THREADLINE_VAULT',
} as const;

/** A server that a service of cluster mode stands on. */
export type ClusterPart = keyof typeof CLUSTER_PARTS;

/** Phone metadata is loaded only where a country is given: most processes never need it. */
const country = (text: string): string | undefined => {
  const code = text.toUpperCase();
  const { isSupportedCountry } = createRequire(import.meta.url)('libphonenumber-js/min') as {
    isSupportedCountry: (code: string) => boolean;
  };
  return /^[A-Z]{2}$/.test(code) && isSupportedCountry(code) ? code : undefined;
};

/** Everything that can be configured, checked. The variables are those of the contract. */
export class Config {
  /** `THREADLINE_PORT`; 0 takes any free one. */
  readonly port: number;
  readonly host: string;
  /** `THREADLINE_DATA`, absolute. */
  readonly folder: string;
  readonly mode: Mode;
  /** 32 bytes; absent: see `masterKeyFile`. */
  readonly masterKey: Buffer | undefined;
  /** Absolute, holds a key; absent too: `master.key` of the folder. */
  readonly masterKeyFile: string | undefined;
  /** A key with every scope; absent: one is made and printed once. */
  readonly bootstrapKey: string | undefined;
  /** ISO 3166 alpha-2, upper case. */
  readonly country: string | undefined;
  /** `THREADLINE_IDENTITY_RULES`, read: what is absent in the file is the default. */
  readonly identityRules: GivenRules | undefined;
  readonly eventStorePort: number | undefined;
  readonly smtpPort: number | undefined;
  readonly kafka: KafkaAddress | undefined;
  readonly eventStore: string | undefined;
  readonly redis: string | undefined;
  readonly vault: string | undefined;
  /** Milliseconds for which requests are still taken after SIGTERM, when `/health/ready` has begun to say no. */
  readonly stopGrace: number;
  /** Where the command line finds the hub. */
  readonly url: string;
  /** The command line's key. */
  readonly key: string | undefined;
  readonly logLevel: LogLevel;
  /** A suite whose server is missing fails instead of saying that it was skipped. */
  readonly serversRequired: boolean;

  /** Throws `ConfigurationError`, which names every bad variable. `starts`: what is started with it; absent: neither. */
  constructor(env: Environment, starts?: 'hub' | readonly ClusterPart[]) {
    const read = new Variables(env);
    const anyKey = 'at least 24 characters of A-Z, a-z, 0-9, _ and -';
    const keyOf = (text: string): string | undefined => (isKey(text) ? text : undefined);

    this.port = read.port('THREADLINE_PORT') ?? 8080;
    this.host =
      read.read('THREADLINE_HOST', 'a host name or an address', (text) =>
        /^[\w.:%-]+$/.test(text) ? text : undefined,
      ) ?? '127.0.0.1';
    this.folder = resolve(
      read.read('THREADLINE_DATA', 'a path', (text) => (text.includes('\0') ? undefined : text)) ??
        '.threadline',
    );
    this.mode = read.oneOf('THREADLINE_MODE', ['embedded', 'cluster']) ?? 'embedded';
    this.masterKey = read.read('THREADLINE_MASTER_KEY', 'the base64 of exactly 32 bytes', parseMasterKey);
    this.masterKeyFile = read.file(
      'THREADLINE_MASTER_KEY_FILE',
      'a file that can be read and holds the base64 of exactly 32 bytes',
      (content) => parseMasterKey(content) !== undefined,
    );
    this.bootstrapKey = read.read('THREADLINE_BOOTSTRAP_KEY', anyKey, keyOf);
    this.country = read.read('THREADLINE_COUNTRY', 'the code of a country (ISO 3166, two letters)', country);
    this.identityRules = read.rules('THREADLINE_IDENTITY_RULES');
    this.eventStorePort = read.port('THREADLINE_EVENTSTORE_PORT');
    this.smtpPort = read.port('THREADLINE_SMTP_PORT');
    this.kafka = read.parsed('THREADLINE_KAFKA', parseKafkaAddress);
    this.eventStore = read.urlOfHosts('THREADLINE_EVENTSTORE', [
      ...['esdb:', 'esdb+discover:'],
      ...['kurrentdb:', 'kurrentdb+discover:'],
    ]);
    this.redis = read.parsed('THREADLINE_REDIS', parseRedisAddress)?.given;
    this.vault = read.parsed('THREADLINE_VAULT', parseRedisAddress)?.given;
    this.stopGrace =
      read.seconds('THREADLINE_STOP_GRACE', LONGEST_GRACE) ?? (this.mode === 'cluster' ? CLUSTER_GRACE : 0);
    this.url = read.url('THREADLINE_URL', ['http:', 'https:']) ?? `http://127.0.0.1:${this.port || 8080}`;
    this.key = read.read('THREADLINE_KEY', anyKey, keyOf);
    this.logLevel = read.oneOf('THREADLINE_LOG_LEVEL', LOG_LEVELS) ?? 'info';
    this.serversRequired = read.oneOf('THREADLINE_INT', ['required']) === 'required';

    if (env['THREADLINE_MASTER_KEY'] && env['THREADLINE_MASTER_KEY_FILE']) {
      read.refuse('THREADLINE_MASTER_KEY_FILE', 'cannot be given together with THREADLINE_MASTER_KEY');
    }
    if (starts === 'hub' && this.mode === 'cluster') {
      const commands = 'npm run start:gateway, start:ingest, start:projector, start:api';
      read.refuse('THREADLINE_MODE', `cluster has a process for each service: ${commands}`);
    }
    if (Array.isArray(starts)) this.#requireCluster(env, read, starts as readonly ClusterPart[]);
    if (read.problems.length > 0) throw new ConfigurationError(read.problems);
  }

  /** A service of its own has no embedded stores: it needs to be told where the others are. */
  #requireCluster(env: Environment, read: Variables, parts: readonly ClusterPart[]): void {
    if (this.mode !== 'cluster')
      read.refuse('THREADLINE_MODE', 'must be cluster for a service of its own: the hub is `npm start`');
    for (const part of parts) {
      // One that is there and wrong is named already.
      if (!env[CLUSTER_PARTS[part]]) read.refuse(CLUSTER_PARTS[part], 'is needed by this service');
    }
    if (!env['THREADLINE_MASTER_KEY'] && !env['THREADLINE_MASTER_KEY_FILE'])
      read.refuse('THREADLINE_MASTER_KEY', 'or THREADLINE_MASTER_KEY_FILE is needed in cluster mode');
  }

  /** What may be logged: the secrets are left out. */
  toJSON(): Record<string, unknown> {
    const { masterKey, bootstrapKey, key, kafka, eventStore, redis, vault, identityRules, ...rest } = this;
    const given = { masterKey, bootstrapKey, key, eventStore, redis, vault };
    const hidden = Object.entries(given).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, '(set)']],
    );
    // What a rule blocks may be somebody's address: the file is named, not told.
    return {
      ...rest,
      kafka: kafka?.brokers,
      identityRules: identityRules?.file,
      ...Object.fromEntries(hidden),
    };
  }

  [inspect.custom](): unknown {
    return this.toJSON();
  }
}

/**
 * The configuration of this process; throws `ConfigurationError`. The only place that looks at `process.env`.
 * `defaults` stand in for variables that are absent or empty, before the usual defaults do (the demo has its own).
 */
export const loadConfig = (env: Environment = process.env, defaults: Environment = {}): Config => {
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  return new Config({ ...defaults, ...Object.fromEntries(given) });
};

/** For the hub, which runs embedded only. */
export const loadHubConfig = (env: Environment = process.env): Config => new Config(env, 'hub');

/** For a service of its own, which runs in cluster mode only, on those servers. */
export const loadServiceConfig = (parts: readonly ClusterPart[], env: Environment = process.env): Config =>
  new Config(env, parts);

/** For the event store alone, which runs the same in every mode. */
export const loadStoreConfig = (env: Environment = process.env): Config =>
  loadConfig({ ...env, THREADLINE_MODE: undefined });
