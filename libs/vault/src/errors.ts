import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** The master key is not the one that wraps this vault's keys, or there is none where one is needed. Exit code 78. */
export class MasterKeyError extends ThreadlineError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'master-key', retriable: false, exitCode: EXIT.configuration, cause });
  }
}

/** A box that does not match its key or its context: it was changed, cut, or moved from elsewhere. */
export class DamagedBoxError extends ThreadlineError {
  constructor(context: string, cause?: unknown) {
    super(`the box of ${context} does not match its key and its context`, {
      code: 'damaged-box',
      retriable: false,
      status: 500,
      cause,
    });
  }
}

/**
 * The vault's file cannot be used: it is missing, damaged, something else, or newer than this code. Exit code 74; a
 * process that meets it in a vault that it has opened must end as well: the file is not what it was.
 */
export class VaultFileError extends ThreadlineError {
  readonly fatal = true;
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'vault-file', retriable: false, exitCode: EXIT.io, cause });
  }
}

/**
 * Nothing could be written for now (the disk is full, the file is locked, the Redis is out of reach); nothing that was
 * made is lost. 503.
 */
export class VaultBusyError extends ThreadlineError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'vault-busy', retriable: true, status: 503, exitCode: EXIT.io, cause });
  }
}

/**
 * The disk refused a write or an fsync. What it holds now is unknown, and asking again proves nothing (Linux reports
 * a failed fsync once): the process must end.
 */
export class VaultFailedError extends ThreadlineError {
  readonly fatal = true;
  constructor(cause: unknown) {
    super('the vault could not be written', {
      code: 'vault-failed',
      retriable: false,
      exitCode: EXIT.io,
      cause,
    });
  }
}

/**
 * The vault's Redis does not keep every write, or does not let us see whether it does. Exit code 74; a process that
 * meets it later (a Redis that came back with other settings) must end as well.
 */
export class VaultSettingsError extends ThreadlineError {
  readonly fatal = true;
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'vault-settings', retriable: false, exitCode: EXIT.io, cause });
  }
}

/**
 * There is no vault where there must be one: it was emptied, or another one lies in its place. Going on would give
 * people keys and handles a second time. Exit code 74, and whoever meets it while running must end.
 */
export class VaultMissingError extends ThreadlineError {
  readonly fatal = true;
  constructor(
    message = "the vault's Redis was emptied, or another vault lies there: restore the one that the log was written with",
    cause?: unknown,
  ) {
    super(message, { code: 'vault-missing', retriable: false, exitCode: EXIT.io, cause });
  }
}

/** A vault that was opened to read was asked to make or to destroy a key. */
export class ReadOnlyVaultError extends ThreadlineError {
  constructor() {
    super('this vault was opened to read only', { code: 'read-only-vault', retriable: false });
  }
}

/** There is no key of that handle to seal with: it was destroyed meanwhile. Take the handles again. */
export class KeyGoneError extends ThreadlineError {
  constructor() {
    super('a key was destroyed before it could be used', { code: 'key-gone', retriable: true, status: 503 });
  }
}
