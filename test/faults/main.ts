// `npm run test:faults [-- --full] [-- --seed <n>] [-- <part of a name>…]`: every fault, and the twins that must be
// found, with a table at the end. Exit 1 where anything was lost, doubled or drifted, or a twin was not found.
import { faultArguments } from './arguments.js';
import { runAll } from './run-all.js';
import { scenarios, twins } from './scenarios.js';

const { size, seed, wanted } = faultArguments(`npm run test:faults [-- <option or part of a name>…]

The hub of one process is killed under load, its power cut, its disk filled; everything that was acknowledged must be
there once and can be read. Twins are broken on purpose, and have to be found.`);
await runAll(scenarios(size, seed).filter(wanted), twins(seed).filter(wanted));
