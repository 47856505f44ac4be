import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMap, isPair, isScalar, parseAllDocuments, visit, type Document } from 'yaml';

/** The repository; `test/dist/support` at run time. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The files below `infra/` whose names end so, as paths of the repository. */
export const filesOf = (...endings: readonly string[]): string[] =>
  readdirSync(join(ROOT, 'infra'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();

/** What a YAML file holds; throws what is wrong with it, double keys included. */
export function documents(text: string): Document[] {
  const all = parseAllDocuments(text, { merge: true });
  if (!Array.isArray(all)) throw new Error('an empty file');
  for (const { errors, warnings } of all) {
    const [problem] = [...errors, ...warnings];
    if (problem) throw problem;
  }
  return all;
}

/** Every image that is named, by the key `image` anywhere. */
export function imagesIn(text: string): string[] {
  const found: string[] = [];
  for (const document of documents(text)) {
    visit(document, {
      Pair: (_, { key, value }) => {
        if (isScalar(key) && key.value === 'image' && isScalar(value)) found.push(String(value.value));
      },
    });
  }
  return found;
}

/** Those that do not say which version they are: at least two numbers. */
export const unpinned = (images: readonly string[]): string[] =>
  images.filter((image) => !/^[\w./-]+:v?\d+\.\d+[\w.-]*$/.test(image));

/** The variables of ours that are named in a text. */
export const variablesIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/THREADLINE_[A-Z][A-Z_]*/g)].map(([name]) => name)),
];

/** Those that the configuration does not know. */
export function unknownVariables(text: string): string[] {
  const known = new Set(variablesIn(read('libs/platform/src/config.ts')));
  return variablesIn(text).filter((name) => !known.has(name));
}

/** `apps/<service>/dist/main.js`, wherever something is told to run it. */
export const entriesIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/apps\/[a-z]+\/dist\/[a-z-]+\.js/g)].map(([entry]) => entry)),
];

/** The settings of a `redis-server` by its command line, what is not told being Redis's own default. */
export function redisSettings(command: readonly string[]): Map<string, string> {
  const settings = new Map([
    ['appendonly', 'no'],
    ['appendfsync', 'everysec'],
    ['no-appendfsync-on-rewrite', 'no'],
    ['maxmemory-policy', 'noeviction'],
    ['min-replicas-to-write', '0'],
    ['save', '3600 1 300 100 60 10000'],
  ]);
  for (let at = 1; at + 1 < command.length; at += 2) {
    settings.set(String(command[at]).replace(/^--/, ''), String(command[at + 1]));
  }
  return settings;
}

/** The metrics that are made somewhere in the product, under the names that `/metrics` shows. */
export function metricsMade(): Set<string> {
  const made = new Set<string>();
  for (const group of ['libs', 'apps']) {
    for (const entry of readdirSync(join(ROOT, group), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.spec.ts')) continue;
      if (/node_modules|dist/.test(entry.parentPath)) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      for (const [, kind, name] of text.matchAll(/\b(counter|gauge|histogram)\(\s*'([a-z_]+)'/g)) {
        const whole = `threadline_${name}`;
        if (kind === 'histogram') for (const end of ['bucket', 'count', 'sum']) made.add(`${whole}_${end}`);
        else made.add(whole);
      }
    }
  }
  return made;
}

/** The metrics that the queries of a dashboard ask for. */
export function metricsAsked(dashboard: unknown): string[] {
  const { panels } = dashboard as { panels: { targets: { expr: string }[] }[] };
  return metricsIn(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)));
}

/** The metrics that queries are about. */
export const metricsIn = (queries: readonly string[]): string[] => [
  ...new Set(queries.flatMap((query) => query.match(/\b(?:threadline|nodejs|process)_[a-z0-9_]+/g) ?? [])),
];

/** Every map below that has this key, in any document. */
export function withKey(text: string, name: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (const document of documents(text)) {
    visit(document, {
      Map: (_, map) => {
        const has = map.items.some((pair) => isPair(pair) && isScalar(pair.key) && pair.key.value === name);
        if (has && isMap(map)) found.push(map.toJS(document) as Record<string, unknown>);
      },
    });
  }
  return found;
}
