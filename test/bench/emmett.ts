import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Figure } from './figures.js';

/** As much of Emmett's SQLite store as is measured. */
interface EmmettStore {
  appendToStream(name: string, events: readonly { type: string; data: object }[]): Promise<unknown>;
  readStream(name: string): Promise<{ events: readonly unknown[] }>;
  close?(): Promise<void>;
}

const PACKAGE = '@event-driven-io/emmett-sqlite';
const VERSION = '0.42.4';
/** It asks for an emmett of its own version, which is not everywhere to be had; this one does as well. */
const OVERRIDES = { '@event-driven-io/emmett': '0.42.0' };
/** Kept between runs: its driver is compiled at install, which takes minutes. */
const HOME = fileURLToPath(new URL(`../../../node_modules/.cache/emmett-${VERSION}/`, import.meta.url));

/** The package, installed in a folder of its own: it is none of the project's. */
async function installed(say: (text: string) => void): Promise<string> {
  if (!existsSync(join(HOME, 'package-lock.json'))) {
    say(`installing ${PACKAGE} ${VERSION}, once`);
    await mkdir(HOME, { recursive: true });
    const project = { private: true, dependencies: { [PACKAGE]: VERSION }, overrides: OVERRIDES };
    await writeFile(join(HOME, 'package.json'), JSON.stringify(project));
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: HOME,
    });
  }
  return createRequire(HOME).resolve(PACKAGE);
}

/**
 * The same number of events, one stream each, through Emmett's SQLite event store, for comparison. Where it cannot be
 * installed, that is said and nothing measured.
 */
export async function emmett(
  folder: string,
  events: number,
  raw: number,
  say: (text: string) => void,
): Promise<Figure[]> {
  let store: EmmettStore;
  try {
    // CommonJS, as `require` resolves it.
    const { default: library } = (await import(await installed(say))) as {
      default: { getSQLiteEventStore: (options: object) => EmmettStore };
    };
    store = library.getSQLiteEventStore({
      fileName: join(folder, 'emmett.db'),
      schema: { autoMigration: 'CreateOrUpdate' },
    });
  } catch (error) {
    say(
      `skipped: ${PACKAGE} cannot be used (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`,
    );
    return [];
  }
  try {
    return await measured(store, events, raw);
  } catch (error) {
    say(`given up: ${PACKAGE} failed (${error instanceof Error ? error.message : String(error)})`);
    return [];
  }
}

async function measured(store: EmmettStore, events: number, raw: number): Promise<Figure[]> {
  const data = { text: 'x'.repeat(700) };
  let started = performance.now();
  for (let number = 0; number < events; number++) {
    await store.appendToStream(`interaction-${number}`, [{ type: 'email.received', data }]);
  }
  const append = (events / (performance.now() - started)) * 1000;
  started = performance.now();
  for (let number = 0; number < events; number++) await store.readStream(`interaction-${number}`);
  const read = (events / (performance.now() - started)) * 1000;
  await store.close?.();
  return [
    {
      name: "Emmett's SQLite store, append, one event a stream",
      events,
      value: append,
      unit: 'events/s',
      raw,
    },
    { name: "Emmett's SQLite store, reading every stream", events, value: read, unit: 'events/s', raw },
  ];
}
