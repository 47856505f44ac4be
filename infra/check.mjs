// `npm run check`: format, lint with the room boundaries (through Nx, cached), types, dead code, unit tests.
// Runs every step even when one fails, so that one run tells everything; exit 1 if any failed.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const STEPS = [
  ['format', 'npm', ['run', '--silent', 'format']],
  ['lint', 'npm', ['run', '--silent', 'lint']],
  ['types', 'npm', ['run', '--silent', 'typecheck']],
  ['dead code', 'npm', ['run', '--silent', 'dead-code']],
  ['unit tests', process.execPath, ['infra/test.mjs', 'libs/', 'apps/', 'test/support/']],
];

const wanted = process.argv.includes('--no-tests') ? STEPS.slice(0, -1) : STEPS;
const failed = [];
for (const [name, command, args] of wanted) {
  const started = Date.now();
  console.log(`── ${name}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  console.log(
    `── ${name}: ${status === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`,
  );
  if (status !== 0) failed.push(name);
}
if (failed.length) {
  console.error(`check: ${failed.join(', ')} failed`);
  process.exitCode = 1;
} else console.log('check: everything is in order');
