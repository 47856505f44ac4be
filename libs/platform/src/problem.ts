import { STATUS_CODES } from 'node:http';
import { ThreadlineError } from './errors.js';

export const PROBLEM_JSON = 'application/problem+json';

/** RFC 9457. `type` is `about:blank`, so `title` is the status's own phrase; `code` is ours, stable, for programs. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  /** Further members, such as `rejected`. */
  readonly [member: string]: unknown;
}

/** Thrown where an answer is decided: its status, code, detail and further members (`rejected`, …). */
export class ProblemError extends ThreadlineError {
  constructor(
    status: number,
    code: string,
    detail: string,
    readonly members: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail, { code, status, retriable: status === 429 || status >= 500 });
  }
}

/** A problem of that status. Members that are named like one of RFC 9457's own do not replace it. */
export function problem(
  status: number,
  code: string,
  detail?: string,
  members: Readonly<Record<string, unknown>> = {},
): Problem {
  return {
    ...members,
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    ...(detail !== undefined && { detail }),
  };
}

/**
 * What an error tells the caller. Ours say what they are; the framework's refusals (a status of 4xx) keep their message;
 * of anything else nothing is told but that it happened.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof ThreadlineError && error.status !== undefined) {
    return problem(
      error.status,
      error.code,
      error.message,
      error instanceof ProblemError ? error.members : {},
    );
  }
  const status = refusalOf(error);
  if (status !== undefined) {
    const title = STATUS_CODES[status] ?? 'refused';
    return problem(status, title.toLowerCase().replaceAll(/[^a-z]+/g, '-'), (error as Error).message);
  }
  return problem(500, 'internal', 'something went wrong here; the log tells what');
}

/** Nest's exceptions tell their status by `getStatus()`, Fastify's by `statusCode`. */
function refusalOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  let status: unknown;
  if ('getStatus' in error && typeof error.getStatus === 'function') {
    status = (error as { getStatus(): unknown }).getStatus();
  } else if ('statusCode' in error) status = error.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
