import { EXIT, type ExitCode } from './exit-codes.js';

export interface ErrorTraits {
  /** Stable, kebab-case; programs compare it, people read the message. */
  readonly code: string;
  /** The same thing done again later may well succeed. It alone decides between retry and dead letter. */
  readonly retriable: boolean;
  /** What an HTTP answer says; absent: 500, without a detail. */
  readonly status?: number;
  /** What a process that dies of it says; default 1. */
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** Every error that we raise ourselves. The message never holds a personal value: it goes to logs and to callers. */
export class ThreadlineError extends Error {
  readonly code: string;
  readonly retriable: boolean;
  readonly status: number | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, { code, retriable, status, exitCode = EXIT.refused, cause }: ErrorTraits) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.retriable = retriable;
    this.status = status;
    this.exitCode = exitCode;
  }
}

/** The exit code for whatever ended a process. */
export const exitCodeOf = (error: unknown): ExitCode =>
  error instanceof ThreadlineError ? error.exitCode : EXIT.refused;

/** May the same thing be tried again? What is not ours is not known to help. */
export const isRetriable = (error: unknown): boolean => error instanceof ThreadlineError && error.retriable;
