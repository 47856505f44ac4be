import { registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** One place of the compiled product, changed: how a twin breaks what a fault test is about. */
export interface Sabotage {
  /** Relative to the repository: `libs/domain/dist/identifier.js`. */
  readonly file: string;
  /** Stands exactly once in that file. */
  readonly find: string;
  readonly put: string;
}

const VARIABLE = 'THREADLINE_FAULT_SABOTAGE';

/** The environment with which a hub is started that is broken in these places; nothing of it is in the product. */
export const sabotageOptions = (places: readonly Sabotage[]): Record<string, string> =>
  places.length === 0
    ? {}
    : { NODE_OPTIONS: `--import=${import.meta.url}`, [VARIABLE]: JSON.stringify(places) };

// In the hub, and in each of its threads, this module is loaded before everything else.
const given = process.env[VARIABLE];
if (given !== undefined) {
  const root = pathToFileURL(join(dirname(fileURLToPath(import.meta.url)), '../../..')).href;
  const places = JSON.parse(given) as Sabotage[];
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const wanted = places.filter(({ file }) => url === `${root}/${file}`);
      if (wanted.length === 0 || loaded.source === undefined || loaded.source === null) return loaded;
      let source =
        typeof loaded.source === 'string'
          ? loaded.source
          : Buffer.from(loaded.source as Uint8Array).toString();
      for (const { file, find, put } of wanted) {
        const pieces = source.split(find);
        if (pieces.length !== 2)
          throw new Error(`${file} has ${pieces.length - 1} places like '${find}', not one`);
        source = pieces.join(put);
      }
      return { ...loaded, source };
    },
  });
}
