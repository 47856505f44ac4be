import { ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';

/** The command line was not understood. Exit code 64. */
export class UsageError extends ThreadlineError {
  constructor(message: string) {
    super(message, { code: 'usage', retriable: false, exitCode: EXIT.usage });
  }
}
