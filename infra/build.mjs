// Compiles every room's TypeScript to its `dist` with SWC (decorator metadata, ESM), only what changed.
// Usage: node infra/build.mjs [--clean]
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const options = {
  sourceMaps: true,
  swcrc: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, verbatimModuleSyntax: true },
    keepClassNames: true,
  },
};

/** Every room: where its sources lie and where they go. */
async function rooms() {
  const found = [];
  for (const group of ['libs', 'apps']) {
    for (const name of await readdir(join(root, group))) {
      found.push({ src: join(root, group, name, 'src'), dist: join(root, group, name, 'dist') });
    }
  }
  found.push({ src: join(root, 'test'), dist: join(root, 'test', 'dist') });
  return found;
}

async function* files(folder, skip) {
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (path !== skip && entry.name !== 'node_modules') yield* files(path, skip);
    } else if (entry.isFile()) yield path;
  }
}

const stamp = (path) =>
  stat(path).then(
    (s) => s.mtimeMs,
    () => -1,
  );

/** Compiles what is newer than its output; removes outputs whose source is gone. Returns how many files were compiled. */
export async function build({ clean = false } = {}) {
  const { transform } = await import('@swc/core');
  let compiled = 0;
  for (const { src, dist } of await rooms()) {
    if (clean) await rm(dist, { recursive: true, force: true });
    const outputs = new Set();
    for await (const path of files(src, dist)) {
      if (!path.endsWith('.ts') || path.endsWith('.d.ts')) continue;
      const out = join(dist, relative(src, path)).replace(/\.ts$/, '.js');
      outputs.add(out).add(`${out}.map`);
      const changed = Math.trunc(await stamp(path));
      if (Math.trunc(await stamp(out)) === changed) continue;
      const source = await readFile(path, 'utf8');
      const { code, map } = await transform(source, { ...options, filename: path, sourceFileName: path });
      await mkdir(dirname(out), { recursive: true });
      await writeFile(`${out}.map`, map);
      await writeFile(out, `${code}\n//# sourceMappingURL=${out.slice(out.lastIndexOf('/') + 1)}.map\n`);
      // The output carries its source's time: a checkout that goes back in time is seen as well.
      await utimes(out, changed / 1000, changed / 1000);
      compiled++;
    }
    for await (const path of files(dist)) if (!outputs.has(path)) await rm(path);
  }
  return compiled;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = Date.now();
  const compiled = await build({ clean: process.argv.includes('--clean') });
  console.log(`built ${compiled} files in ${Date.now() - started} ms`);
}
