import { Command } from 'commander';
import { loadConfig } from '@threadline/platform/config';
import { EXIT } from '@threadline/platform/exit-codes';
import { verifyModels, type Difference } from '@threadline/read-store/rebuild/verify';
import { openToRead } from './folder.js';
import { Progress, say } from './said.js';

const HELP = `
Replays the log of THREADLINE_DATA in another, plain way and compares it with every row of the live read models; works
beside a running hub. With THREADLINE_MODE=cluster THREADLINE_DATA is a projector's folder: its own read models, from which
the published ones are made, are held against its copy of the log, opened with the vault at THREADLINE_VAULT. Rows that differ are named (never their values, which are personal) and the exit code is 1.

Examples:
  threadline verify
  THREADLINE_DATA=/srv/threadline threadline verify | jq .`;

/** `threadline verify`. */
export const verifyCommand = (): Command =>
  new Command('verify')
    .description('compare the read models with an independent replay of the log')
    .addHelpText('after', HELP)
    .action(async () => {
      process.exitCode = await verify();
    });

async function verify(): Promise<number> {
  const config = loadConfig();
  const stores = await openToRead(config);
  const progress = new Progress();
  const tell = (difference: Difference): void => {
    const { model, what, of, at } = difference;
    say(`${model}: the ${what} of ${of} differs${at.length > 0 ? ` at ${at.join(', ')}` : ''}`, difference);
  };
  try {
    const verified = await verifyModels({
      folder: config.folder,
      log: stores.log,
      vault: stores.vault,
      now: Date.now,
      onDifference: tell,
      onProgress: (done, total) => progress.tell('replay', done, total),
    });
    progress.end();
    const { position, events, customers, parked, forgotten, differences } = verified;
    const left = `${parked} parked, ${forgotten} forgotten`;
    say(
      `${differences} differences: ${events} events and ${customers} customers up to position ${position} (left out: ${left})`,
      { ...verified, position: String(position) },
    );
    return differences === 0 ? EXIT.ok : EXIT.refused;
  } finally {
    progress.end();
    await stores.close();
  }
}
