import { Command, CommanderError } from 'commander';
import { exitCodeOf, ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { backupCommand } from './backup-command.js';
import { deadCommand } from './dead-command.js';
import { doctorCommand } from './doctor-command.js';
import { identityCommand } from './identity-command.js';
import { importCommand } from './import-command.js';
import { keysCommand } from './keys-command.js';
import { rebuildCommand } from './rebuild-command.js';
import { restoreCommand } from './restore-command.js';
import { verifyCommand } from './verify-command.js';

const ENVIRONMENT = `
Environment:
  THREADLINE_URL     the hub (default http://127.0.0.1:8080)
  THREADLINE_KEY     a key of it
  THREADLINE_DATA    the data folder (default .threadline), for what works on the folder

threadline <command> --help tells more, with examples.`;

/** Everything that `threadline` can do. */
export function program(): Command {
  const all = new Command('threadline')
    .description('Threadline, from the command line')
    .addHelpText('after', ENVIRONMENT)
    .showHelpAfterError('(--help tells more)');
  const commands = [
    importCommand(),
    backupCommand(),
    restoreCommand(),
    doctorCommand(),
    keysCommand(),
    identityCommand(),
    deadCommand(),
    rebuildCommand(),
    verifyCommand(),
  ];
  for (const command of commands) all.addCommand(command);
  return exiting(all);
}

/** Commander throws instead of ending the process, in every command below. */
function exiting(command: Command): Command {
  command.exitOverride();
  for (const below of command.commands) exiting(below);
  return command;
}

/** Runs a command line; answers the exit code. Help is 0, what is not understood is 64. */
async function main(words: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read has gone (`| head`): there is nobody left to tell.
    if (error.code === 'EPIPE') process.exit(EXIT.io);
    throw error;
  });
  try {
    await program().parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      return;
    }
    process.exitCode = exitCodeOf(error);
    console.error(`threadline: ${error instanceof ThreadlineError ? error.message : describe(error)}`);
  }
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

await main(process.argv.slice(2));
