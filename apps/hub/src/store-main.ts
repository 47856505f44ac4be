import { openStandaloneStore } from '@threadline/event-store/grpc/standalone-store';
import { ConfigurationError, loadStoreConfig, type Config } from '@threadline/platform/config';
import { exitCodeOf, ThreadlineError } from '@threadline/platform/errors';
import { acquireFolder } from '@threadline/platform/folder-lock';
import { GracefulStop } from '@threadline/platform/graceful-stop';
import { logWarnings } from '@threadline/platform/log-warnings';
import { createLogger } from '@threadline/platform/logger';
import { eventStoreUrl } from './event-store-url.js';

/** Where a KurrentDB listens. */
const DEFAULT_PORT = 2113;

await run(configuration());

function configuration(): Config {
  try {
    return loadStoreConfig();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`threadline: ${error.message}\n`);
    process.exit(error.exitCode);
  }
}

/** The embedded event store alone, whatever the mode says. */
async function run({ folder, eventStorePort, bootstrapKey, logLevel }: Config): Promise<void> {
  const log = createLogger({ level: logLevel, part: 'store' });
  logWarnings(log);
  const stop = new GracefulStop({ log });
  stop.listen();
  process.umask(0o077);
  try {
    const lock = await acquireFolder(folder);
    stop.add('folder', () => lock.release());
    const store = await openStandaloneStore({
      folder,
      port: eventStorePort ?? DEFAULT_PORT,
      bootstrapKey,
      unforeseen: (error) => log.error({ err: error }, 'a call failed'),
    });
    stop.add('event store', () => store.close());
    const url = eventStoreUrl(folder, store.port, store.madeKey ?? '<key>');
    const lines = ['Threadline event store', `  store   ${url}`, `  data    ${folder}`];
    if (store.madeKey !== undefined)
      lines.push('          the key has every scope and is shown this once, so keep it');
    process.stdout.write(`${lines.join('\n')}\n`);
    log.info({ port: store.port }, 'event store started');
  } catch (error) {
    log[error instanceof ThreadlineError ? 'debug' : 'error']({ err: error }, 'the store could not start');
    process.stderr.write(`threadline: ${error instanceof Error ? error.message : String(error)}\n`);
    await stop.stop('the store could not start', exitCodeOf(error));
  }
}
