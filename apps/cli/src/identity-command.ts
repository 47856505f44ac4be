import { Command } from 'commander';
import { DEFAULT_RULES, rulesName, type IdentityRules } from '@threadline/domain/identity/identity-rules';
import { loadConfig } from '@threadline/platform/config';
import { detailOf, HubClient, HubRefusedError, type HubAnswer } from './hub-client.js';
import { planCommand } from './identity-plan-command.js';
import { rulesIn } from './rules-argument.js';
import { say } from './said.js';

const HELP = `
Examples:
  threadline identity default > rules.json                    (change them, give them a name of their own)
  threadline identity plan --rules rules.json                 (what would come of it; nothing is changed)
  threadline identity apply --rules rules.json                (and back: apply the file that was in force before)
  threadline identity rules

plan works on THREADLINE_DATA, beside a running hub or without; apply and rules talk to the hub. A file of rules is
described in libs/domain/README.md. A name and a version stand for one content: rules that change need another version.`;

const APPLY_HELP = `
It takes a key with admin, waits until every customer is computed again, and answers reads meanwhile as before. Rules that
were in force before may be applied again: that is the way back.

Example:
  threadline identity apply --rules rules.json`;

/** `threadline identity`. */
export function identityCommand(): Command {
  const identity = new Command('identity')
    .description('by which rules parties make customers: plan, apply, look')
    .addHelpText('after', HELP);
  identity.addCommand(planCommand());
  identity
    .command('apply')
    .description('put identity rules in force, or back in force')
    .requiredOption('--rules <file>', 'a file of identity rules')
    .addHelpText('after', APPLY_HELP)
    .action(({ rules }: { rules: string }) => apply(rulesIn(rules)));
  identity
    .command('rules')
    .description('the rules in force, whole, and those before')
    .addHelpText('after', '\nExample:\n  threadline identity rules | head -1 | jq .rules > rules.json')
    .action(() => list());
  identity
    .command('default')
    .description('print the default rules, as a file to start from')
    .addHelpText('after', '\nExample:\n  threadline identity default > rules.json')
    .action(() => void process.stdout.write(textOf({ ...DEFAULT_RULES, version: 1 })));
  return identity;
}

const textOf = (rules: IdentityRules): string => `${JSON.stringify(rules, null, 2)}\n`;

interface RulesPage {
  readonly rules: IdentityRules;
  readonly position: string | null;
  readonly history: readonly {
    readonly name: string;
    readonly version: number;
    readonly position: string;
    readonly appliedAt: string;
    readonly by: { readonly key: string; readonly label?: string } | null;
  }[];
}

async function apply(rules: IdentityRules): Promise<void> {
  const hub = HubClient.from(loadConfig());
  const name = rulesName(rules);
  const answer = await hub.request('/v1/identity/rules', {
    method: 'POST',
    contentType: 'application/json',
    body: JSON.stringify(rules),
  });
  if (answer.status !== 202) refuse(answer, `${name} was not applied`);
  const { position } = answer.body as { position: string };
  say(`${name} is in force from position ${position} on; every customer is computed again …`, {
    applied: name,
    position,
    computed: false,
  });
  await computed(hub, position);
  say('every customer is computed by it', { applied: name, position, computed: true });
}

/** Waits as long as it takes: a read waits for 5 s. */
async function computed(hub: HubClient, position: string): Promise<void> {
  for (;;) {
    const answer = await hub.request(`/v1/identity/rules?minPosition=${position}`, { final: [504] });
    if (answer.status === 200) return;
    if (answer.status !== 504) refuse(answer, 'the hub does not say when every customer is computed');
  }
}

async function list(): Promise<void> {
  const answer = await HubClient.from(loadConfig()).request('/v1/identity/rules');
  if (answer.status !== 200) refuse(answer, 'the rules cannot be read');
  const { rules, position, history } = answer.body as RulesPage;
  const since = position === null ? 'nobody has put any in force' : `since position ${position}`;
  say(`${rulesName(rules)} (${since}):\n${textOf(rules)}`, { rules, position });
  for (const one of history) {
    const by = one.by === null ? '' : `  by ${one.by.label ?? one.by.key}`;
    say(`${one.name}@${one.version}  at ${one.position}, ${one.appliedAt}${by}`, one);
  }
}

function refuse(answer: HubAnswer, what: string): never {
  throw new HubRefusedError(answer.status, `${what}: ${detailOf(answer)}`);
}
