import { createRequire } from 'node:module';
import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import type { LogLevel } from './config.js';

/**
 * A constant message and fields: `log.info({ position }, 'projector started')`. ERROR means that somebody must act
 * now; what heals itself is WARN. Never an identifier's value or a message's text.
 */
export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Which part of the hub speaks: `main`, `ingest`, `projector`. */
  readonly part?: string;
  /** Default: standard output, pretty where that is a terminal. */
  readonly destination?: DestinationStream;
}

/** JSON lines on standard output, or coloured text on a terminal. Works in worker threads as well. */
export function createLogger({ level, part, destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: part === undefined ? {} : { part },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    destination ?? (process.stdout.isTTY ? pretty() : pino.destination({ dest: 1, sync: true })),
  );
}

/** Loaded only on a terminal; in this thread, because its own worker would lose the last lines of a dying process. */
function pretty(): DestinationStream {
  const build = createRequire(import.meta.url)('pino-pretty') as (options: object) => DestinationStream;
  return build({ colorize: true, sync: true, translateTime: 'SYS:HH:MM:ss.l' });
}

interface ErrorDescription {
  type: string;
  code?: string;
  message?: string;
  stack?: string;
  cause?: ErrorDescription;
}

const CAUSES_TOLD = 5;

/**
 * What of an error is logged: no further members, because some carry their input (ERR_INVALID_URL), and of a
 * SyntaxError only where it happened, because JSON.parse quotes what it read.
 */
export function describeError(error: unknown, causes = CAUSES_TOLD): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error };
  const description: ErrorDescription = { type: error.name };
  if ('code' in error && typeof error.code === 'string') description.code = error.code;
  const frames = error.stack?.match(/^ +at .*$/gm)?.join('\n');
  if (frames !== undefined) description.stack = frames;
  if (!(error instanceof SyntaxError)) description.message = error.message;
  if (error.cause !== undefined && causes > 0) description.cause = describeError(error.cause, causes - 1);
  return description;
}

/** Nest's own words in our log. Its start tells dozens of lines at `log`: they are DEBUG here, our own one is INFO. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  /** Nest appends a context (last, a string) and, for errors, a stack or the error before it. */
  #write(
    level: 'trace' | 'debug' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: readonly unknown[],
  ): void {
    const context = typeof rest.at(-1) === 'string' ? { context: rest.at(-1) } : {};
    const error = [message, ...rest].find((one) => one instanceof Error);
    const fields = error === undefined ? context : { ...context, err: error };
    this.logger[level](fields, typeof message === 'string' ? message : 'nest');
  }
}
