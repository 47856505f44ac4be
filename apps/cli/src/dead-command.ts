import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { loadConfig } from '@threadline/platform/config';
import { detailOf, HubClient, HubRefusedError, type HubAnswer } from './hub-client.js';
import { say } from './said.js';
import { UsageError } from './usage-error.js';

const HELP = `
Examples:
  threadline dead list
  threadline dead show 0-17 > event.json
  threadline dead redrive 0-17                        (as it came: what stood against it is gone)
  threadline dead redrive 0-17 --file mended.json     (a mended event instead)
  threadline dead drop 0-17

What could not be taken from Kafka, in cluster mode; kept 14 days. THREADLINE_URL is a gateway, THREADLINE_KEY wants admin.`;

interface Letter {
  readonly id: string;
  readonly at: string;
  readonly reason: string;
  readonly detail: string;
  readonly from: string;
}

/** `threadline dead`. */
export function deadCommand(): Command {
  const dead = new Command('dead').description('dead letters of cluster mode').addHelpText('after', HELP);
  dead
    .command('list')
    .description('those that nobody is done with, oldest first')
    .option('--limit <n>', 'at most so many (1 to 1000)', '100')
    .action(({ limit }: { limit: string }) => list(limit));
  dead
    .command('show')
    .description('one, with the event and each problem, as JSON')
    .argument('<id>', 'as dead list shows it')
    .action((id: string) => show(id));
  dead
    .command('redrive')
    .description('send it again, as it came or mended')
    .argument('<id>', 'as dead list shows it')
    .option('--file <file>', 'a CloudEvent (JSON) to send instead')
    .action((id: string, { file }: { file?: string }) => redrive(id, file));
  dead
    .command('drop')
    .description('be done with it: it is listed no more')
    .argument('<id>', 'as dead list shows it')
    .action((id: string) => drop(id));
  return dead;
}

const pathOf = (id: string): string => `/v1/dead/${encodeURIComponent(id)}`;

function refuse(answer: HubAnswer, what: string): never {
  throw new HubRefusedError(answer.status, `${what}: ${detailOf(answer)}`);
}

async function list(limit: string): Promise<void> {
  const answer = await HubClient.from(loadConfig()).request(`/v1/dead?limit=${encodeURIComponent(limit)}`);
  if (answer.status !== 200) refuse(answer, 'the dead letters cannot be listed');
  const { letters } = answer.body as { letters: Letter[] };
  for (const letter of letters)
    say(`${letter.id}  ${letter.at}  ${letter.reason}: ${letter.detail}  (${letter.from})`, letter);
}

async function show(id: string): Promise<void> {
  const answer = await HubClient.from(loadConfig()).request(pathOf(id));
  if (answer.status !== 200) refuse(answer, `the dead letter ${id} cannot be shown`);
  console.log(JSON.stringify(answer.body, undefined, 2));
}

async function redrive(id: string, file: string | undefined): Promise<void> {
  const body = file === undefined ? undefined : mendedIn(file);
  const answer = await HubClient.from(loadConfig()).request(`${pathOf(id)}/redrive`, {
    method: 'POST',
    ...(body !== undefined && { body, contentType: 'application/cloudevents+json' }),
  });
  if (answer.status !== 202) refuse(answer, `the dead letter ${id} was not sent again`);
  say(`the dead letter ${id} was sent again`, { redriven: id });
}

async function drop(id: string): Promise<void> {
  const answer = await HubClient.from(loadConfig()).request(pathOf(id), { method: 'DELETE' });
  if (answer.status !== 200) refuse(answer, `the dead letter ${id} was not dropped`);
  say(`the dead letter ${id} is dropped`, { dropped: id });
}

function mendedIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}
