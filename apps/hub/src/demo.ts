import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '@threadline/platform/config';
import { exitCodeOf } from '@threadline/platform/errors';
import { EXIT } from '@threadline/platform/exit-codes';
import { GracefulStop } from '@threadline/platform/graceful-stop';
import { createLogger } from '@threadline/platform/logger';
import type { FoundCustomer } from '@threadline/read-store/customers/customer-reads';
import { HubApi } from './demo-api.js';
import { hourOf } from './demo-card.js';
import { demoConfig, type DemoConfig } from './demo-config.js';
import { readDay, type SampleDay } from './demo-day.js';
import { pages } from './demo-pages.js';
import { deliver } from './demo-play.js';
import { everybody, readStory, type Marks } from './demo-story.js';
import { COLUMNS, cut, pad, paint, rule, type Paint } from './demo-terminal.js';
import { startHub } from './hub.js';

const USAGE = `Plays a day of a fashion house into a hub, shows one customer's card and timeline, and leaves the hub running.

Usage: npm run demo [-- --once]

  --once   end when everything is printed

It takes the variables of npm start. Without them: a fresh folder, which goes when the demo ends, port 8080 or another
free one, and a key of its own.
`;

const SAMPLE_DAY = join(import.meta.dirname, '../../../test/fixtures/sample-day');
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const print = (...lines: string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};

/** What was played, and the state of the log at the moments that the story is told from. */
interface Played {
  readonly marks: Marks;
  readonly before: readonly FoundCustomer[];
  readonly accepted: number;
}

/** Everything in its order of arrival, a line each. */
async function play(api: HubApi, day: SampleDay, look: Paint): Promise<Played> {
  let before: readonly FoundCustomer[] | undefined;
  let [evening, tablet, end] = ['0', '0', '0'];
  const total = { accepted: 0, duplicates: 0 };
  for (const [index, delivery] of day.deliveries.entries()) {
    if (before === undefined && delivery.at >= day.evening) before = await everybody(api, (evening = end));
    progress(index, day.deliveries.length);
    const { accepted, duplicates, position } = await deliver(api, day, delivery);
    progress();
    end = position;
    if (delivery.at <= day.heroine.tablet) tablet = position;
    total.accepted += accepted;
    total.duplicates += duplicates;
    const counts = `${String(accepted).padStart(3)} new${duplicates > 0 ? `, ${duplicates} known` : ''}`;
    print(
      `  ${hourOf(delivery.at)}  ${pad(delivery.format, 11)} ${pad(counts, 17)} ${look.quiet(cut(delivery.what, COLUMNS - 39))}`,
    );
  }
  print('', `  ${total.accepted} events, and ${total.duplicates} that were sent twice and changed nothing.`);
  return { marks: { evening, tablet, end }, before: before ?? [], accepted: total.accepted };
}

/** A bar on a terminal, gone before the next line is printed. */
function progress(done?: number, of = 1): void {
  if (!process.stdout.isTTY) return;
  const filled = Math.round(((done ?? 0) / of) * 40);
  process.stdout.write(
    done === undefined ? '\r\u001b[K' : `\r  [${'#'.repeat(filled).padEnd(40, '.')}] ${done}/${of}`,
  );
}

function greeting({ config, fresh, moved }: DemoConfig, url: string): string[] {
  return [
    `  hub   ${url}${moved ? '  (8080 is taken)' : ''}`,
    `  data  ${config.folder}${fresh ? '  (fresh; goes when the demo ends)' : ''}`,
  ];
}

function farewell({ key, ownKey }: DemoConfig, url: string, day: SampleDay): string[] {
  const bearer = ownKey ? '$THREADLINE_BOOTSTRAP_KEY' : key;
  const { kind, value } = day.heroine;
  return [
    `  address  ${url}   docs at ${url}/docs`,
    `  key      ${ownKey ? 'the one in THREADLINE_BOOTSTRAP_KEY' : key}`,
    '',
    `  curl -H "Authorization: Bearer ${bearer}" \\`,
    `    '${url}/v1/customers/by/${kind}/${value}'`,
    `  curl -H "Authorization: Bearer ${bearer}" \\`,
    `    -G ${url}/v1/customers --data-urlencode 'q=海棠'`,
    '',
    '  Ctrl-C stops it.',
  ];
}

async function run(once: boolean): Promise<void> {
  const demo = await demoConfig();
  const { config, fresh, key } = demo;
  const log = createLogger({ level: config.logLevel, part: 'main' });
  const stop = new GracefulStop({ log });
  if (fresh) stop.add('fresh folder', () => rm(config.folder, { recursive: true, force: true }));
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopping = true));
  stop.listen();
  try {
    const day = await readDay(SAMPLE_DAY);
    const look = paint(process.stdout.isTTY && process.stdout.hasColors());
    const { url } = await startHub({
      config,
      log,
      version,
      started: (name, step) => stop.add(name, step),
      lost: (thread, exitCode) => {
        process.stderr.write(`threadline: the ${thread} has ended (${exitCode}); nothing works without it\n`);
        process.exit(exitCode === 0 ? EXIT.refused : exitCode);
      },
    });
    print(rule(`Threadline ${version}: ${day.name}`, look), '', ...greeting(demo, url), '');
    const api = new HubApi(url, key);
    const { marks, before, accepted } = await play(api, day, look);
    if (accepted === 0) print('  The folder had this day already.');
    print('', ...pages(day, await readStory(api, day, marks, before), marks, look), '');
    if (once) return await stop.stop('the demo is over');
    print(rule('The hub goes on', look), '', ...farewell(demo, url, day), '');
  } catch (error) {
    // Whoever stops the demo while it plays knows why it did not end.
    if (stopping) return;
    process.stderr.write(
      `threadline: the demo failed: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    await stop.stop('the demo failed', exitCodeOf(error));
  }
}

const args = process.argv.slice(2);
const unknown = args.filter((arg) => !['--once', '--help', '-h'].includes(arg));
if (unknown.length > 0) {
  process.stderr.write(`threadline: unknown argument: ${unknown.join(' ')}\n\n${USAGE}`);
  process.exitCode = EXIT.usage;
} else if (args.some((arg) => arg === '--help' || arg === '-h')) {
  process.stdout.write(USAGE);
} else {
  await run(args.includes('--once')).catch((error: unknown) => {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`threadline: ${error.message}\n`);
    process.exitCode = error.exitCode;
  });
}
