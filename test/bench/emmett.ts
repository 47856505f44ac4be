import { join } from 'node:path';
import type { Figure } from './figures.js';

/** As much of Emmett's SQLite store as is measured. */
interface EmmettStore {
  appendToStream(name: string, events: readonly { type: string; data: object }[]): Promise<unknown>;
  readStream(name: string): Promise<{ events: readonly unknown[] }>;
  close?(): Promise<void>;
}

const PACKAGE = '@event-driven-io/emmett-sqlite';

/**
 * The same number of events, one stream each, through Emmett's SQLite event store, for comparison. It is not one of the
 * project's packages (its driver is compiled at install): where it is not installed, that is said and nothing measured.
 */
export async function emmett(
  folder: string,
  events: number,
  raw: number,
  say: (text: string) => void,
): Promise<Figure[]> {
  let store: EmmettStore;
  try {
    const library = (await import(PACKAGE)) as { getSQLiteEventStore: (options: object) => EmmettStore };
    store = library.getSQLiteEventStore({
      fileName: join(folder, 'emmett.db'),
      schema: { autoMigration: 'CreateOrUpdate' },
    });
  } catch (error) {
    say(
      `skipped: ${PACKAGE} is not installed (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`,
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
