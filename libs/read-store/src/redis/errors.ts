import { ThreadlineError } from '@threadline/platform/errors';

/** There is no complete model of this version in the Redis: it was never filled, or lost what it had. 503, heals itself. */
export class NotBuiltError extends ThreadlineError {
  constructor(model: string) {
    super(`the read model ${model} is not built yet`, { code: 'not-built', retriable: true, status: 503 });
  }
}

/** The Redis is out of reach, starts, hands over, or takes no write for now. 503. */
export class ReadStoreBusyError extends ThreadlineError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'read-store-busy', retriable: true, status: 503, cause });
  }
}

/** What a read asks for changed each time before it was answered. 503. */
export class ReadStoreRestlessError extends ThreadlineError {
  constructor(tries: number) {
    super(`what was asked for changed ${tries} times while it was read`, {
      code: 'read-store-restless',
      retriable: true,
      status: 503,
    });
  }
}

/** The Redis does not let us in, throws keys away when it is full, or is something else. */
export class ReadStoreSettingsError extends ThreadlineError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'read-store-settings', retriable: false, cause });
  }
}

/** A writer with a greater token is at work: this one has lost its lease, and must stop. */
export class FencedError extends ThreadlineError {
  constructor(token: number) {
    super(`a projector with a greater token than ${token} writes this read model`, {
      code: 'fenced',
      retriable: false,
    });
  }
}
