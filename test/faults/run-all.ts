import { refuse } from './arguments.js';
import { table, Tally, type Outcome } from './scenario.js';
import type { Scenario, Twin } from './scenarios.js';

const required = process.env['THREADLINE_INT'] === 'required';

/**
 * Runs scenarios, and then the twins that must be found, and prints what comes out of each as it is over, with a table at
 * the end. The process will end with 1 where anything was lost, doubled, drifted or too late, or a twin was not found.
 */
export async function runAll(scenarios: readonly Scenario[], twins: readonly Twin[]): Promise<void> {
  if (scenarios.length + twins.length === 0) refuse('there is no fault and no twin of that name');
  const outcomes: Outcome[] = [];
  let problems = 0;
  for (const scenario of scenarios) {
    const outcome = await outcomeOf(scenario);
    if (outcome === undefined && required) problems++;
    if (outcome === undefined) continue;
    outcomes.push(outcome);
    const { faults, acknowledged, lost, doubled, drift, findings } = outcome;
    const clean = findings.length === 0 && lost + doubled + drift === 0 && faults >= scenario.least;
    if (!clean) problems++;
    console.log(
      `  ${clean ? '✔' : '✖'} ${faults} faults, ${acknowledged} acknowledged, lost ${lost}, doubled ${doubled}, drift ${drift}`,
    );
    for (const finding of findings) console.log(`    ✖ ${finding}`);
  }
  for (const twin of twins) {
    const outcome = await outcomeOf(twin);
    if (outcome === undefined && required) problems++;
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
}

/** Undefined where the machine has not what it needs. */
async function outcomeOf({ name, missing, run }: Omit<Scenario, 'least'>): Promise<Outcome | undefined> {
  if (missing !== undefined) {
    console.log(`skipped: ${name}: ${missing}`);
    return undefined;
  }
  console.log(`${name} …`);
  return run().catch((error: unknown) => {
    const tally = new Tally(name);
    tally.fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return tally.outcome();
  });
}
