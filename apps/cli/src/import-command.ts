import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '@threadline/platform/config';
import { EXIT } from '@threadline/platform/exit-codes';
import { HubClient } from './hub-client.js';
import { NdjsonOutput, ReportFile, TerminalOutput, type ImportOutput } from './import-output.js';
import {
  FORMATS,
  isMapped,
  runImport,
  type Format,
  type ImportSummary,
  type RefusedItem,
} from './import-run.js';
import { INTERRUPTED, stopSignal } from './stop-signal.js';
import { UsageError } from './usage-error.js';

interface Options {
  readonly own: readonly string[];
  readonly map?: string;
  readonly report?: string;
  readonly source?: string;
  readonly country?: string;
  readonly mode: 'backfill' | 'live';
  readonly batch: number;
  readonly dryRun?: boolean;
}

const EXAMPLES = `
Examples:
  threadline import eml ./mails --own care@maison.example,maison.fr --report refused.ndjson
  threadline import mbox archive.mbox.gz --own maison.example
  threadline import vcon ./calls --own +442079460000 --country GB
  threadline import csv receipts.csv --map receipts.map.json
  threadline import jsonl chats.ndjson.gz --map chats.map.json --dry-run
  curl -H "Authorization: Bearer $KEY" 'http://hub/v1/events?format=ndjson' | threadline import cloudevents -

A folder means every file under it, - means standard input; gzip is unpacked whatever the name says. Run again, an import
goes on: what the hub has counts as a duplicate. The mapping file is described in libs/channels/README.md.
Exit codes: 0 done, 1 something was refused, 64 bad usage, 69 the hub is not there, 74 a file cannot be read, 78 no key or
a mapping that is wrong, 130 stopped by Ctrl-C.`;

const list = (text: string, before: readonly string[]): string[] => [
  ...before,
  ...text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
];

function batchOf(text: string): number {
  const batch = Number(text);
  if (!/^\d+$/.test(text) || batch < 1 || batch > 10_000)
    throw new InvalidArgumentError('a number from 1 to 10000');
  return batch;
}

function countryOf(text: string): string {
  if (!/^[a-z]{2}$/i.test(text)) throw new InvalidArgumentError('two letters, such as GB');
  return text.toUpperCase();
}

/** `threadline import`. */
export const importCommand = (): Command =>
  new Command('import')
    .description('read mails, calls, tables and events, and send them to the hub')
    .addArgument(new Argument('<format>', 'what the files hold').choices(FORMATS))
    .argument('<path...>', 'files, folders, or - for standard input')
    .addOption(
      new Option(
        '--own <list>',
        'our addresses, domains (*.domain: with all below it) and telephone numbers, by commas',
      )
        .argParser(list)
        .default([], 'none: every mail came in'),
    )
    .option('--map <file>', 'how columns or members become events (csv, jsonl)')
    .option('--report <file>', 'name each refused item with its reason, one JSON object a line')
    .option('--source <uri>', "the events' source, instead of the format's own")
    .option('--country <code>', 'of telephone numbers that come without one (vcon, csv, jsonl)', countryOf)
    .addOption(
      new Option('--mode <mode>', 'backfill: no reactions, no live push')
        .choices(['backfill', 'live'])
        .default('backfill'),
    )
    .option('--batch <n>', 'events of one request', batchOf, 500)
    .option('--dry-run', 'read and check, and send nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (format: Format, paths: string[], options: Options) => {
      checkTogether(format, paths, options);
      process.exitCode = await run(format, paths, options);
    });

function checkTogether(
  format: Format,
  paths: readonly string[],
  { map, source, country, own }: Options,
): void {
  if (isMapped(format) && map === undefined) throw new UsageError(`${format} needs --map <file>`);
  if (!isMapped(format) && map !== undefined)
    throw new UsageError(`--map goes with csv and jsonl, not with ${format}`);
  if (paths.filter((path) => path === '-').length > 1)
    throw new UsageError('standard input can be read once');
  if (format !== 'cloudevents') return;
  // An event that is there already is sent as it is: what is changed would be another event, or a conflict.
  if (source !== undefined || country !== undefined || own.length > 0) {
    throw new UsageError(
      'cloudevents are sent as they are: --source, --country and --own do not go with them',
    );
  }
}

async function run(format: Format, paths: readonly string[], options: Options): Promise<number> {
  const dryRun = options.dryRun === true;
  const hub = dryRun ? undefined : HubClient.from(loadConfig());
  const report = options.report === undefined ? undefined : new ReportFile(options.report);
  const output: ImportOutput = process.stdout.isTTY ? new TerminalOutput(report) : new NdjsonOutput(report);
  const signal = stopSignal();
  const began = Date.now();
  let last: ImportSummary | undefined;
  const end = (summary: ImportSummary | undefined): void => {
    const none = {
      read: 0,
      accepted: 0,
      duplicates: 0,
      refused: 0,
      files: 0,
      attachmentBytesNotKept: 0,
      noted: 0,
    };
    output.end(summary ?? none, { dryRun, stopped: signal.aborted, seconds: (Date.now() - began) / 1000 });
  };
  const { own, map, source, country, mode, batch } = options;
  const given = Object.fromEntries(
    Object.entries({ map, source, country }).filter(([, value]) => value !== undefined),
  );
  const listener = {
    started: (files: number, bytes: number) => output.started?.(files, bytes),
    read: (bytes: number) => output.read?.(bytes),
    counted: (summary: ImportSummary) => {
      last = summary;
      output.counted?.(summary);
    },
    refused: (item: RefusedItem) => output.refused?.(item),
    noted: (item: string, note: string) => output.noted?.(item, note),
  };
  try {
    const summary = await runImport({ format, paths, own, mode, batch, ...given }, hub, listener, signal);
    end(summary);
    if (signal.aborted) return INTERRUPTED;
    return summary.refused > 0 ? EXIT.refused : EXIT.ok;
  } catch (error) {
    // The last line stays true: what was settled before is in the hub.
    end(last);
    throw error;
  } finally {
    report?.close();
  }
}
