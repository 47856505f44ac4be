import { registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** One place in the compiled product, changed. */
export interface Breakage {
  /** Relative to the repository: `libs/domain/dist/identifier.js`. */
  readonly file: string;
  /** Stands exactly once in that file. */
  readonly find: string;
  readonly put: string;
}

const root = pathToFileURL(join(dirname(fileURLToPath(import.meta.url)), '../../..')).href;
const builds = new Map<
  string,
  { readonly breakages: readonly Breakage[]; readonly applied: Set<Breakage> }
>();

const buildOf = (url: string): string | undefined => /[?&]build=([^&]+)/.exec(url)?.[1];

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    const build = buildOf(context.parentURL ?? '');
    const ours = found.url.startsWith(root) && !found.url.includes('/node_modules/');
    if (build === undefined || !ours || buildOf(found.url) !== undefined) return found;
    return { ...found, url: `${found.url}?build=${build}` };
  },
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const build = builds.get(buildOf(url) ?? '');
    if (build === undefined || loaded.source === undefined || loaded.source === null) return loaded;
    const path = url.slice(root.length + 1).replace(/\?.*$/, '');
    let source =
      typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
    for (const breakage of build.breakages) {
      if (breakage.file !== path) continue;
      const pieces = source.split(breakage.find);
      if (pieces.length !== 2) {
        throw new Error(
          `${path} has ${pieces.length - 1} places like ${JSON.stringify(breakage.find)}, not one`,
        );
      }
      source = pieces.join(breakage.put);
      build.applied.add(breakage);
    }
    return { ...loaded, source };
  },
});

/**
 * The module of that URL out of a build of its own that is broken in these places: what it imports of ours is loaded
 * again for it, so that the healthy build beside it is not touched.
 * @throws Error where a place is not there (any more), or in a file that the module does not load.
 */
export async function brokenBuild<Module>(
  name: string,
  url: string,
  breakages: readonly Breakage[],
): Promise<Module> {
  const applied = new Set<Breakage>();
  const build = encodeURIComponent(name);
  builds.set(build, { breakages, applied });
  const module = (await import(`${url}?build=${build}`)) as Module;
  for (const breakage of breakages) {
    if (!applied.has(breakage))
      throw new Error(`nothing loads ${breakage.file}: ${name} would break nothing`);
  }
  return module;
}

/**
 * Histories within which a property has to find what is broken; it ends with the first that shows it. One that only one
 * history in a thousand shows is passed over once in 10^8 times.
 */
export const TWIN_RUNS = 20_000;

/** A twin has to be caught by what the property asserts, and not because the broken build fell over. */
export const isFinding = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.name === 'AssertionError';
