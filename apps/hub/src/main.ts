import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { ConfigurationError, loadHubConfig, type Config } from '@threadline/platform/config';
import { exitCodeOf, ThreadlineError } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { GracefulStop } from '@threadline/platform/graceful-stop';
import { logWarnings } from '@threadline/platform/log-warnings';
import { createLogger } from '@threadline/platform/logger';
import { eventStoreUrl } from './event-store-url.js';
import { startHub, type Hub } from './hub.js';
import { USAGE } from './usage.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const args = process.argv.slice(2);
if (args.some((arg) => arg === '--help' || arg === '-h')) {
  process.stdout.write(USAGE);
  process.exit(EXIT.ok);
}
if (args.length > 0) end(`unknown argument: ${args.join(' ')}\n\n${USAGE}`, EXIT.usage);
await run(configuration());

function configuration(): Config {
  try {
    return loadHubConfig();
  } catch (error) {
    if (error instanceof ConfigurationError) end(error.message, error.exitCode);
    throw error;
  }
}

async function run(config: Config): Promise<void> {
  const log = createLogger({ level: config.logLevel, part: 'main' });
  logWarnings(log);
  const stop = new GracefulStop({ log, grace: config.stopGrace });
  stop.listen();
  try {
    const hub = await startHub({
      config,
      log,
      version,
      started: (name, step) => stop.add(name, step),
      lost: (thread, exitCode) => {
        log.fatal({ thread, exitCode }, 'a part of the hub has ended');
        process.stderr.write(`threadline: the ${thread} has ended (${exitCode}); nothing works without it\n`);
        process.exit(exitCode === 0 ? EXIT.refused : exitCode);
      },
    });
    process.stdout.write(greeting(config, hub));
    log.info({ url: hub.url, version }, 'hub started');
  } catch (error) {
    log[error instanceof ThreadlineError ? 'debug' : 'error']({ err: error }, 'the hub could not start');
    process.stderr.write(`threadline: ${error instanceof Error ? error.message : String(error)}\n`);
    await stop.stop('the hub could not start', exitCodeOf(error));
  }
}

function greeting({ folder, mode }: Config, { url, madeKey, eventStorePort }: Hub): string {
  const lines = [
    `Threadline ${version} (${mode})`,
    `  api     ${url}`,
    `  docs    ${url}/docs`,
    `  health  ${url}/health/ready`,
    `  data    ${folder}`,
  ];
  if (eventStorePort !== undefined) {
    lines.push(`  events  ${eventStoreUrl(folder, eventStorePort, '<key>')}`);
  }
  if (madeKey !== undefined)
    lines.push(`  key     ${madeKey}`, '          every scope; shown this once, so keep it');
  return `${lines.join('\n')}\n`;
}

function end(message: string, exitCode: number): never {
  process.stderr.write(`threadline: ${message}\n`);
  process.exit(exitCode);
}
