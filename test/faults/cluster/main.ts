// `npm run test:faults:cluster [-- --full] [-- --seed <n>] [-- <part of a name>…]`: the faults of a cluster, and the twins
// that must be found, with a table at the end. Exit 1 where anything was lost, doubled, drifted or too late, or a twin
// was not found.
import { faultArguments } from '../arguments.js';
import { runAll } from '../run-all.js';
import { clusterScenarios } from './cluster-scenarios.js';

const { size, seed, wanted } = faultArguments(`npm run test:faults:cluster [-- <option or part of a name>…]

A whole cluster under load: each service, a broker of three, each Redis and the event store are killed and stopped, Redis
is emptied, connections are cut, slowed, half-closed and silenced, events come twice and in another order. After each fault
everything must be normal within 30 s, and in the end all that was acknowledged is in the log once, and every api answers
what a hub of one process does that the log was played into. Twins are broken on purpose, and have to be found.`);

const all = clusterScenarios({ size, seed, wanted, told: (line) => console.log(`  ${line}`) });
// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await runAll(all.scenarios, all.twins);
} finally {
  await all.close();
}
