// `npm run test:faults [-- --full] [-- --seed <n>] [-- <part of a name>…]`: every fault, and the twins that must be
// found, with a table at the end. Exit 1 where anything was lost, doubled or drifted, or a twin was not found.
import { parseArgs } from 'node:util';
import { table, Tally, type Outcome } from './scenario.js';
import { scenarios, twins, type Scenario } from './scenarios.js';

const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false }, seed: { type: 'string' } },
  allowPositionals: true,
});
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const required = process.env['THREADLINE_INT'] === 'required';

const outcomes: Outcome[] = [];
let problems = 0;

/** Undefined where it is not wanted, or where the machine has not what it needs. */
async function outcomeOf({ name, missing, run }: Omit<Scenario, 'least'>): Promise<Outcome | undefined> {
  if (positionals.length > 0 && !positionals.some((part) => name.includes(part))) return undefined;
  if (missing !== undefined) {
    console.log(`skipped: ${name}: ${missing}`);
    if (required) problems++;
    return undefined;
  }
  console.log(`${name} …`);
  return run().catch((error: unknown) => {
    const tally = new Tally(name);
    tally.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return tally.outcome();
  });
}

for (const scenario of scenarios(values.full ? 'full' : 'ci', seed)) {
  const outcome = await outcomeOf(scenario);
  if (outcome === undefined) continue;
  outcomes.push(outcome);
  const { faults, acknowledged, lost, doubled, drift, findings } = outcome;
  const clean = findings.length === 0 && lost + doubled + drift === 0 && faults >= scenario.least;
  if (!clean) problems++;
  console.log(
    `  ${clean ? '✔' : '✖'} ${faults} faults, ${acknowledged} acknowledged, lost ${lost}, doubled ${doubled}, drift ${drift}`,
  );
}

for (const twin of twins(seed)) {
  const outcome = await outcomeOf(twin);
  if (outcome === undefined) continue;
  const found = outcome[twin.finds];
  console.log(
    `  ${found > 0 ? `✔ found: ${twin.finds} ${found}` : '✖ NOT FOUND'} after ${outcome.faults} faults`,
  );
  if (found > 0) continue;
  problems++;
  for (const finding of outcome.findings) console.log(`    ${finding}`);
}

if (outcomes.length > 0) console.log(`\n${table(outcomes)}`);
if (problems > 0) process.exitCode = 1;
