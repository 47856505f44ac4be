import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** The file was written by a newer Threadline. Nothing was touched. */
export class StoreNewerError extends ThreadlineError {
  constructor(file: string, found: number, known: number) {
    super(`${file} has schema version ${found}, this code knows up to ${known}: use the newer Threadline`, {
      code: 'store-newer',
      retriable: false,
      exitCode: EXIT.io,
    });
  }
}

/** This SQLite can lose a committed transaction when the WAL is reset. Nothing was touched. */
export class SqliteTooOldError extends ThreadlineError {
  constructor(found: string, least: string) {
    super(`SQLite ${found} has the WAL-reset bug and can lose data: ${least} or newer is needed`, {
      code: 'sqlite-too-old',
      retriable: false,
      exitCode: EXIT.io,
    });
  }
}

/** There is no log in that folder. */
export class StoreNotFoundError extends ThreadlineError {
  constructor(file: string, cause?: unknown) {
    super(`there is no event log at ${file}`, {
      code: 'store-not-found',
      retriable: false,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/** The file is not what SQLite and we wrote; restore a backup. */
export class StoreDamagedError extends ThreadlineError {
  constructor(file: string, cause: unknown) {
    super(`${file} is damaged (${reason(cause)})`, {
      code: 'store-damaged',
      retriable: false,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/** The disk (or the ceiling that was set) is full; nothing was written. Heals by itself when there is room. */
export class StoreFullError extends ThreadlineError {
  constructor(file: string, cause: unknown) {
    super(`there is no room left for ${file}, nothing was written`, {
      code: 'store-full',
      retriable: true,
      status: 503,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/** Another process held the file for longer than the timeout; nothing was written. */
export class StoreBusyError extends ThreadlineError {
  constructor(file: string, cause: unknown) {
    super(`${file} is held by another process`, {
      code: 'store-busy',
      retriable: true,
      status: 503,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/** The disk failed. Of an append the outcome is unknown: the same one sent again, after a restart, is answered rightly. */
export class StoreFailedError extends ThreadlineError {
  constructor(file: string, cause: unknown) {
    super(`${file} failed (${reason(cause)})`, {
      code: 'store-failed',
      retriable: true,
      status: 503,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/** The store was closed before the call. */
export class StoreClosedError extends ThreadlineError {
  constructor() {
    super('the event store is closed', { code: 'store-closed', retriable: true, status: 503 });
  }
}

/** The copy is of another log than the one that it shall follow, or of one that has been put back to an earlier state. */
export class LogForeignError extends ThreadlineError {
  constructor(file: string) {
    super(`${file} is a copy of another log: remove its folder, and it is made again`, {
      code: 'log-foreign',
      retriable: false,
      exitCode: EXIT.io,
    });
  }
}

/** What the log holds at this position is not what was appended there. */
export class CorruptEventError extends ThreadlineError {
  readonly position: number;
  /** `problem` completes the sentence "the event at position n …". */
  constructor(position: number, problem: string) {
    super(`the event at position ${position} ${problem}`, {
      code: 'corrupt-event',
      retriable: false,
      exitCode: EXIT.io,
    });
    this.position = position;
  }
}

/** The call makes no sense, whatever the log holds; nothing of the whole call was written. */
export class InvalidAppendError extends ThreadlineError {
  constructor(problem: string) {
    super(problem, { code: 'invalid-append', retriable: false, status: 400 });
  }
}

/** A backup never overwrites. */
export class BackupTargetError extends ThreadlineError {
  constructor(file: string) {
    super(`${file} is there already: a backup goes where there is none`, {
      code: 'backup-target',
      retriable: false,
    });
  }
}

/** The server could not be reached, or did not answer in time. Of an append the outcome is unknown: send the same again. */
export class StoreUnavailableError extends ThreadlineError {
  constructor(what: string, cause: unknown) {
    super(`the event store does not answer: ${what} (${reason(cause)})`, {
      code: 'store-unavailable',
      retriable: true,
      status: 503,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/** The server refuses what was asked of it, and will again. */
export class StoreRefusedError extends ThreadlineError {
  constructor(what: string, cause: unknown) {
    super(`the event store refuses: ${what} (${reason(cause)})`, {
      code: 'store-refused',
      retriable: false,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/** The connection string is not one that can be trusted to do what it says. Never repeats it: it holds a password. */
export class ConnectionStringError extends ThreadlineError {
  constructor(problem: string) {
    super(`the connection string of the event store ${problem}`, {
      code: 'connection-string',
      retriable: false,
      exitCode: EXIT.configuration,
    });
  }
}
