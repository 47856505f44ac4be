import { Command, InvalidArgumentError } from 'commander';
import { rulesName, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { loadConfig } from '@threadline/platform/config';
import type {
  PlannedChange,
  PlannedLink,
  PlannedParty,
  PlannedSide,
} from '@threadline/read-store/identity/planned-changes';
import { planRules, type PlanTotals, type RulesPlan } from '@threadline/read-store/identity/rules-plan';
import { openToRead } from './folder.js';
import { rulesIn } from './rules-argument.js';
import { Progress } from './said.js';

const HELP = `
Goes through the log of THREADLINE_DATA once, computes its customers by the rules in force and by those of the file, and
tells what is gained (customers that would become one, by which links, and which rule has refused each until now) and lost
(what one customer would fall into, and which rule would refuse the links between). Nothing is changed; works beside a
running hub, in cluster mode beside a projector on its folder (THREADLINE_VAULT is needed too). What most events are concerned by comes first. It names people: who may read the log may read this.
On a terminal in words; piped, or with --json, one JSON object a line, the last with the totals.

Examples:
  threadline identity plan --rules rules.json
  threadline identity plan --rules rules.json --json | jq 'select(.change == "lost")'`;

interface Options {
  readonly rules: string;
  readonly json?: boolean;
  readonly limit?: number;
}

/** Changes that a person is told of unless he asks for more. */
const READABLE = 20;

function limitOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number from 0');
  return Number(text);
}

/** `threadline identity plan`. */
export const planCommand = (): Command =>
  new Command('plan')
    .description('what other identity rules would change; nothing is changed')
    .requiredOption('--rules <file>', 'a file of identity rules')
    .option('--json', 'one JSON object a line on a terminal as well')
    .option('--limit <n>', `how many changes to tell (default: all; in words ${READABLE})`, limitOf)
    .addHelpText('after', HELP)
    .action((options: Options) => plan(rulesIn(options.rules), options));

async function plan(rules: IdentityRules, options: Options): Promise<void> {
  const stores = await openToRead(loadConfig());
  const progress = new Progress();
  try {
    const { log, vault } = stores;
    const onProgress = (done: number, total: number): void => progress.tell('plan', done, total);
    const planned = await planRules({ log, vault, rules, onProgress });
    progress.end();
    const inWords = options.json !== true && process.stdout.isTTY;
    const limit = options.limit ?? (inWords ? READABLE : Infinity);
    const print = (text: string): void => void process.stdout.write(`${text}\n`);
    let told = 0;
    for await (const change of limited(planned.changes(), limit)) {
      print(inWords ? wordsOf(change) : JSON.stringify(change));
      told++;
    }
    print(inWords ? summaryOf(planned, rules, told) : JSON.stringify(lastLine(planned, rules, told)));
  } finally {
    progress.end();
    await stores.close();
  }
}

async function* limited<T>(all: AsyncIterable<T>, limit: number): AsyncIterable<T> {
  let left = limit;
  if (left === 0) return;
  for await (const one of all) {
    yield one;
    if (--left === 0) return;
  }
}

const lastLine = ({ inForce, conflict, totals }: RulesPlan, rules: IdentityRules, told: number): object => ({
  planned: rulesName(rules),
  inForce: rulesName(inForce),
  conflict: conflict === undefined ? null : String(conflict.position),
  ...totals,
  told,
});

function wordsOf({ change, customer, sides, links, totals }: PlannedChange): string {
  const id = customer ?? 'somebody forgotten';
  const head =
    change === 'gained'
      ? `+ ${totals.sides} customers would become one, ${id}:`
      : `- ${id} would fall into ${totals.sides}:`;
  return [
    head,
    ...sides.map((side) => `    ${sideOf(side)}`),
    ...more(totals.sides - sides.length),
    ...links.map((link) => `    ${linkOf(link, change)}`),
    ...more(totals.links - links.length),
    '',
  ].join('\n');
}

const more = (count: number): string[] => (count > 0 ? [`    … and ${count} more`] : []);

const nameOf = (party: PlannedParty | null): string =>
  party === null ? '(forgotten)' : `${party.kind}:${party.value}`;

function sideOf({ id, parties, totals }: PlannedSide): string {
  const names = parties.slice(0, 5).map(nameOf);
  const rest = totals.parties - names.length;
  const all = [...names, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  return `${id ?? '(forgotten)'}  ${all}  (${plural(totals.events, 'event')})`;
}

function linkOf(
  { a, b, event, strength, at, rule, because }: PlannedLink,
  change: PlannedChange['change'],
): string {
  const why = because === null ? rule : `${rule} (${because})`;
  const verdict = change === 'gained' ? `refused until now: ${why}` : `would be refused: ${why}`;
  return `  ${nameOf(a)} = ${nameOf(b)}  ${strength}, ${at}, event ${event}; ${verdict}`;
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function summaryOf({ inForce, conflict, totals }: RulesPlan, rules: IdentityRules, told: number): string {
  const { customers, gained, lost, reviews, refused, position, events, parties } = totals;
  const untold = gained + lost - told;
  return [
    `${rulesName(rules)} instead of ${rulesName(inForce)}, up to position ${position}: ` +
      `${plural(events, 'event')}, ${plural(parties, 'party').replace('partys', 'parties')}`,
    `  customers        ${customers.before} before, ${customers.after} after, ${customers.unchanged} unchanged`,
    `  merges           ${gained} gained, ${lost} lost${untold > 0 ? ` (${untold} not told: --limit)` : ''}`,
    `  refused links    ${rulesOf(refused.before)} before, ${rulesOf(refused.after)} after`,
    `  wait for people  ${reviews.before} before, ${reviews.after} after`,
    ...(conflict === undefined
      ? []
      : [
          `  ${rulesName(rules)} was put in force at position ${conflict.position} with other content: ` +
            'to be applied, these need another version',
        ]),
  ].join('\n');
}

const rulesOf = (counts: PlanTotals['refused']['before']): string =>
  Object.entries(counts)
    .map(([rule, count]) => `${count} ${rule}`)
    .join(', ') || 'none';
