// `npm run test:faults [-- --full] [-- --seed <n>] [-- <part of a name>…]`: every fault, and the twins that must be
// found, with a table at the end. Exit 1 where anything was lost, doubled or drifted, or a twin was not found.
import { parseArgs } from 'node:util';
import { killAll } from './hub-process.js';
import { table, type Outcome } from './scenario.js';
import { scenarios, twins } from './scenarios.js';

const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false }, seed: { type: 'string' } },
  allowPositionals: true,
});
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const wanted = (name: string): boolean =>
  positionals.length === 0 || positionals.some((part) => name.includes(part));

const outcomes: Outcome[] = [];
const problems: string[] = [];
const required = process.env['THREADLINE_INT'] === 'required';

const skipped = (name: string, missing: string): void => {
  console.log(`skipped: ${name}: ${missing}`);
  if (required) problems.push(`THREADLINE_INT=required, but ${missing}`);
};

for (const { name, missing, run } of scenarios(values.full ? 'full' : 'ci', seed)) {
  if (!wanted(name)) continue;
  if (missing !== undefined) {
    skipped(name, missing);
    continue;
  }
  console.log(`the hub ${name} …`.replace('the hub the', 'the'));
  const outcome = await run();
  outcomes.push(outcome);
  problems.push(...outcome.findings.map((finding) => `${name}: ${finding}`));
}

for (const { name, missing, run, finds } of twins(seed)) {
  if (!wanted(name)) continue;
  if (missing !== undefined) {
    skipped(name, missing);
    continue;
  }
  const outcome = await run();
  const found = outcome[finds];
  console.log(
    `twin: ${name}: ${finds} ${found} after ${outcome.faults} faults${found > 0 ? ', found' : ': NOT FOUND'}`,
  );
  if (found === 0) problems.push(`twin: ${name} was not found`);
}

if (outcomes.length > 0) console.log(`\n${table(outcomes)}`);
await killAll();
if (problems.length > 0) {
  console.error(`\n${problems.length} problems`);
  process.exitCode = 1;
}
