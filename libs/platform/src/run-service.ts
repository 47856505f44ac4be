import { readFileSync } from 'node:fs';
import { ConfigurationError, loadServiceConfig, type ClusterPart, type Config } from './config.js';
import { exitCodeOf, ThreadlineError } from './errors.js';
import { EXIT } from './exit-codes.js';
import { GracefulStop } from './graceful-stop.js';
import { logWarnings } from './log-warnings.js';
import { createLogger, type Logger } from './logger.js';

/** What a service is started with. */
export interface ServiceStart {
  readonly config: Config;
  readonly log: Logger;
  /** Of Threadline. */
  readonly version: string;
  /** Add each thing when it has started; what was added last is stopped first. */
  readonly started: (name: string, stop: () => void | Promise<void>) => void;
  /** Something without which nothing works has ended by itself: the process ends. */
  readonly lost: (part: string) => (error: unknown) => void;
}

/**
 * A service of cluster mode as a process: its configuration (exit code 78, every bad variable named), its graceful stop,
 * its greeting. `start` answers where it listens.
 */
export async function runService(
  name: string,
  parts: readonly ClusterPart[],
  start: (service: ServiceStart) => Promise<string>,
): Promise<void> {
  const config = configuration(parts);
  const log = createLogger({ level: config.logLevel, part: name });
  logWarnings(log);
  const stop = new GracefulStop({ log, grace: config.stopGrace });
  stop.listen();
  process.umask(0o077);
  try {
    const url = await start({
      config,
      log,
      version: version(),
      started: (part, step) => stop.add(part, step),
      lost: (part) => (error) => {
        log.fatal({ err: error, part }, 'a part of the service has ended');
        process.exit(EXIT.refused);
      },
    });
    process.stdout.write(`Threadline ${name} ${version()}\n  api     ${url}\n`);
    log.info({ url }, 'service started');
  } catch (error) {
    log[error instanceof ThreadlineError ? 'debug' : 'error']({ err: error }, 'the service could not start');
    process.stderr.write(`threadline: ${error instanceof Error ? error.message : String(error)}\n`);
    await stop.stop('the service could not start', exitCodeOf(error));
  }
}

function configuration(parts: readonly ClusterPart[]): Config {
  try {
    return loadServiceConfig(parts);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`threadline: ${error.message}\n`);
    process.exit(error.exitCode);
  }
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
