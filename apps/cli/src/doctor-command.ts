import { Command } from 'commander';
import { loadConfig } from '@threadline/platform/config';
import { EXIT } from '@threadline/platform/exit-codes';
import { examine } from './doctor-checks.js';
import type { State } from './doctor-finding.js';
import { say } from './said.js';

const HELP = `
Looks at Node and SQLite, the data folder and who holds it, the master key, the log and its hashes, its index, the read
models and how far they are, the disk, and whether the hub answers. With THREADLINE_MODE=cluster at the servers that are named
(THREADLINE_KAFKA, _EVENTSTORE, _REDIS, _VAULT), and at what a service has in THREADLINE_DATA. Touches nothing. Each line is ok, warn or fail; the
exit code is 1 if anything fails.

Examples:
  threadline doctor
  THREADLINE_DATA=/srv/threadline threadline doctor --full`;

const SIGNS: Readonly<Record<State, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' };

/** `threadline doctor`. */
export const doctorCommand = (): Command =>
  new Command('doctor')
    .description('examine the data folder and the hub')
    .option('--full', "check every event's content hash")
    .addHelpText('after', HELP)
    .action(async ({ full }: { full?: boolean }) => {
      let fails = 0;
      for await (const finding of examine(loadConfig(), { full: full === true })) {
        const { check, state, detail } = finding;
        if (state === 'fail') fails++;
        say(`${SIGNS[state]}  ${check.padEnd(12)}  ${detail}`, finding);
      }
      if (fails > 0) process.exitCode = EXIT.refused;
    });
