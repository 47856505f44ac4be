import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newKey } from '@threadline/platform/auth';
import { loadConfig, type Config } from '@threadline/platform/config';

export interface DemoConfig {
  readonly config: Config;
  /** With every scope. */
  readonly key: string;
  /** The key came from a variable: it is not ours to print. */
  readonly ownKey: boolean;
  /** The folder is the demo's own, made for this run. */
  readonly fresh: boolean;
  /** 8080 was taken, and no port was asked for. */
  readonly moved: boolean;
}

/** The variables as given; where they say nothing, a fresh folder, a free port, a new key and few words. */
export async function demoConfig(): Promise<DemoConfig> {
  const { host, port: usual } = loadConfig();
  const folder = join(tmpdir(), `threadline-demo-${randomBytes(4).toString('hex')}`);
  const key = newKey();
  const free = await isFree(host, usual);
  const config = loadConfig(undefined, {
    THREADLINE_DATA: folder,
    THREADLINE_BOOTSTRAP_KEY: key,
    THREADLINE_LOG_LEVEL: 'warn',
    ...(free ? {} : { THREADLINE_PORT: '0' }),
  });
  return {
    config,
    key: config.bootstrapKey ?? key,
    ownKey: config.bootstrapKey !== key,
    fresh: config.folder === folder,
    moved: config.port === 0 && usual !== 0,
  };
}

/** Whether a server could listen there now. */
async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => resolve(true));
  });
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}
