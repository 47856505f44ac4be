// Runs the compiled specs, each file in a process of its own, with Node's own test runner.
// Usage: node infra/test.mjs [part of a path]…   e.g. `npm test`, `npm test -- libs/domain`, `npm test -- event-store`
// Two files at a time; what starts whole clusters, stops or kills (most of test/int, test/faults) alone, after the rest.
// What failed is told once more at the end, and the last line is `N passed, N failed, N skipped`, in tests.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const reporter = join(root, 'infra', 'test-reporter.mjs');

/** Of `test/int`, those that start one server and kill none. */
const READERS = ['grpc-', 'redis-reads', 'redis-rows', 'redis-secure', 'redis-take-over'];

/**
 * One stage after the other: how many files at a time, and the minutes after which one is ended, and counts as failed. What a
 * file of the later ones prints is shown also where it passes.
 */
const STAGES = [
  { folders: ['libs/', 'apps/'], lanes: 2, minutes: 5, quiet: true },
  {
    folders: ['test/e2e/', 'test/bench/', ...READERS.map((name) => `test/int/${name}`)],
    ...{ lanes: 2, minutes: 25, quiet: false },
  },
  { folders: ['test/int/', 'test/faults/'], lanes: 1, minutes: 25, quiet: false },
];

/** The compiled specs and the path of each one's source, in a fixed order. */
async function specs() {
  const found = [];
  for (const group of ['libs', 'apps']) {
    for (const room of (await readdir(join(root, group))).sort()) {
      await collect(join(root, group, room, 'dist'), `${group}/${room}/src`, found);
    }
  }
  await collect(join(root, 'test', 'dist'), 'test', found);
  return found;
}

async function collect(dist, source, found) {
  if (!existsSync(dist)) return;
  for (const name of (await readdir(dist, { recursive: true })).sort()) {
    if (!name.endsWith('.spec.js')) continue;
    const path = `${source}/${name.split(sep).join('/').replace(/\.js$/, '.ts')}`;
    const stage = STAGES.find(({ folders }) => folders.some((folder) => path.startsWith(folder)));
    if (stage === undefined) throw new Error(`${path} is in no stage of the tests`);
    found.push({ file: join(dist, name), path, stage });
  }
}

const running = new Set();

/** Ends a spec with everything that it started: it leads a process group. */
function end(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** Runs one file; answers its tests and what it printed. */
async function runSpec({ file, stage: { minutes } }, folder, number) {
  const events = join(folder, `${number}.ndjson`);
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--test-reporter', reporter, '--test-reporter-destination', events, file],
    { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      if (output.length < 200_000) output += text;
    });
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    end(child);
  }, minutes * 60_000);
  const ended = await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => {
      // What a spec left running would hold its pipes open.
      end(child);
      resolve(signal ?? code);
    });
  });
  clearTimeout(timer);
  running.delete(child);
  const lines = (await readFile(events, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  const tests = lines.map((line) => JSON.parse(line));
  const failed = tests.some((test) => test.failed);
  let broken;
  if (late) broken = `was ended after ${minutes} minutes`;
  else if (ended !== 0 && !failed) broken = `ended with ${ended}`;
  else if (tests.length === 0) broken = 'holds no test';
  if (broken) tests.push({ name: 'the file', level: 0, failed: true, error: broken });
  return { tests, output };
}

function countOf(tests) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const test of tests) {
    // A suite is no test, but one that was skipped hides its tests, and one whose hook failed must be seen.
    if (test.suite && test.skip === undefined && (!test.failed || test.inherited)) continue;
    if (test.skip !== undefined) count.skipped++;
    else if (test.failed) count.failed++;
    else count.passed++;
  }
  return count;
}

function failuresOf(tests) {
  return tests
    .filter((test) => test.failed && !test.inherited)
    .map(({ name, error }) => `  ✖ ${name}\n${String(error).replace(/^/gm, '      ')}`)
    .join('\n');
}

function report(spec, { tests, output }, milliseconds) {
  const { passed, failed, skipped } = countOf(tests);
  const notes = [`${passed} passed`];
  if (failed) notes.push(`${failed} FAILED`);
  if (skipped) notes.push(`${skipped} skipped`);
  console.log(
    `${failed ? '✖' : '✔'} ${spec.path}: ${notes.join(', ')} (${(milliseconds / 1000).toFixed(1)} s)`,
  );
  for (const { name, skip } of tests) {
    if (skip !== undefined) console.log(`  skipped: ${name}: ${skip || 'no reason given'}`);
  }
  const failures = failuresOf(tests);
  if (failures) console.log(failures);
  if (output.trim() && (failed || !spec.stage.quiet)) console.log(output.trimEnd().replace(/^/gm, '    │ '));
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) end(child);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}

const wanted = process.argv.slice(2);
const chosen = (await specs()).filter(
  ({ path }) => wanted.length === 0 || wanted.some((part) => path.includes(part.replace(/^\.\//, ''))),
);
if (chosen.length === 0) {
  console.error(`no spec's path contains ${wanted.map((part) => `'${part}'`).join(' or ')}`);
  process.exit(1);
}

const failures = [];
const total = { passed: 0, failed: 0, skipped: 0 };
const folder = await mkdtemp(join(tmpdir(), 'threadline-test-'));
let next = 0;
async function lane(queue) {
  for (let spec = queue.shift(); spec; spec = queue.shift()) {
    const started = Date.now();
    const result = await runSpec(spec, folder, next++);
    report(spec, result, Date.now() - started);
    const count = countOf(result.tests);
    if (count.failed) failures.push(`✖ ${spec.path}\n${failuresOf(result.tests)}`);
    for (const key of Object.keys(total)) total[key] += count[key];
  }
}
for (const stage of STAGES) {
  const queue = chosen.filter((spec) => spec.stage === stage);
  await Promise.all(Array.from({ length: stage.lanes }, () => lane(queue)));
}
await rm(folder, { recursive: true, force: true });

if (chosen.length > 1 && failures.length) console.log(`\n── failed\n${failures.join('\n')}\n`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed ? 1 : 0;
