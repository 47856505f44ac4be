#!/usr/bin/env node
// Runs on whatever Node the machine has: builds where nothing is built yet, and goes on with the project's own Node.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const main = join(root, 'apps', 'cli', 'dist', 'main.js');
const node = join(root, 'node_modules', '.bin', 'node');

if (!existsSync(main)) {
  if (!existsSync(join(root, 'node_modules', '@swc', 'core'))) {
    console.error(
      'threadline: nothing is installed yet: run npm start (or npm install) in the repository once',
    );
    process.exit(78);
  }
  const { build } = await import('../../../infra/build.mjs');
  await build();
}
if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import('../dist/main.js');
} else if (existsSync(node)) {
  const child = spawn(node, ['--enable-source-maps', main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches the child as well: it ends when it has told how far it got.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
} else {
  console.error(
    `threadline: Node 24 is needed, this is ${process.versions.node}: run npm install in the repository`,
  );
  process.exit(78);
}
