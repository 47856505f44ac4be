import { Metadata, status, type ServerErrorResponse } from '@grpc/grpc-js';

/** How a call ends that cannot be answered: gRPC's status, and in its trailers what EventStoreDB's clients look at. */
export class Refusal extends Error implements ServerErrorResponse {
  readonly code: status;
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(code: status, details: string, trailers: Readonly<Record<string, string>> = {}) {
    super(details);
    this.code = code;
    this.details = details;
    for (const [name, value] of Object.entries(trailers)) this.metadata.set(name, value);
  }
}

export const notAuthenticated = (): Refusal =>
  new Refusal(status.UNAUTHENTICATED, 'Give a key as the password; any user name will do.');

export const accessDenied = (why: string): Refusal =>
  new Refusal(status.PERMISSION_DENIED, why, { exception: 'access-denied' });

/** What this server does not do is named, and never done half. */
export const unimplemented = (feature: string): Refusal =>
  new Refusal(status.UNIMPLEMENTED, `This server does not support ${feature}.`);

export const invalid = (what: string): Refusal => new Refusal(status.INVALID_ARGUMENT, what);

/** gRPC's trailers are ASCII: a name that is not goes URL-encoded, as Kestrel does it. */
const asciiName = (name: string): string => (/^[\x20-\x7e]*$/.test(name) ? name : encodeURIComponent(name));

export const streamDeleted = (stream: string): Refusal =>
  new Refusal(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': asciiName(stream),
  });

/** `expected`: -1 is no stream, -2 any, -4 that it exists. `actual`: -1 is no stream. */
export function wrongExpectedVersion(stream: string, expected: number, actual: number): Refusal {
  const message = `WrongExpectedVersion: expected ${expected}, the stream '${stream}' is at ${actual}`;
  return new Refusal(status.FAILED_PRECONDITION, message, {
    exception: 'wrong-expected-version',
    'stream-name': asciiName(stream),
    'expected-version': String(expected),
    ...(actual >= 0 && { 'actual-version': String(actual) }),
  });
}

export const appendTooLarge = (most: number): Refusal =>
  new Refusal(status.INVALID_ARGUMENT, `Maximum Append Size of ${most} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(most),
  });

export const metadataMissing = (missing: readonly string[]): Refusal =>
  new Refusal(status.INVALID_ARGUMENT, `Required Metadata Property Missing: ${missing.join(', ')}.`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': missing.join(','),
  });

export const cancelled = (): Refusal => new Refusal(status.CANCELLED, 'The client has gone.');

export const stopping = (): Refusal => new Refusal(status.UNAVAILABLE, 'The server is stopping.');

/** What no log could take; from the log's writer in another thread it comes without its class. */
export const isInvalidAppend = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'invalid-append';

/** Whatever a handler threw, as a call's end. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const code = retriable(error) ? status.UNAVAILABLE : status.INTERNAL;
  return new Refusal(code, error instanceof Error ? error.message : 'the server failed');
}

const retriable = (error: unknown): boolean =>
  error instanceof Error && 'retriable' in error && error.retriable === true;
