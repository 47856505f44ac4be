import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SqliteLogReader } from '@threadline/event-store/sqlite-log-reader';
import { loadConfig } from '@threadline/platform/config';
import { loadMasterKey } from '@threadline/vault/master-key';
import { rebuildModels } from '@threadline/read-store/rebuild/rebuild';
import { startHub } from '@threadline/test/support/hub';
import { httpIngest, inProcessAppend } from './bench-ingest.js';
import { linksOfLargeCustomer, linkThroughput } from './bench-links.js';
import { mergeLarge } from './bench-merge.js';
import { fill, reads } from './bench-reads.js';
import { publish } from './bench-publish.js';
import { rulesApplied } from './bench-rules.js';
import { emmett } from './emmett.js';
import { table, type Figure } from './figures.js';
import { rawAppend, rawScan } from './raw-sqlite.js';

const HELP = `Measures Threadline beside the raw limits of the same run. Figures, no verdicts.

  npm run bench -- [options]

  --events <list>  sizes to measure at, comma-separated (default 10000,100000,1000000)
  --only <list>    of: append, http, reads, rules, rebuild, publish, links, merge, emmett (default: all)
  --folder <path>  where to work (default: a temporary folder; it is emptied)
  --json <file>    write the figures as JSON as well
`;

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '10000,100000,1000000' },
    only: { type: 'string', default: 'append,http,reads,rules,rebuild,publish,links,merge,emmett' },
    folder: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const sizes = values.events.split(',').map(Number);
if (sizes.some((size) => !Number.isInteger(size) || size < 1_000)) {
  console.error('--events takes whole numbers of at least 1000');
  process.exit(64);
}
const only = new Set(values.only.split(','));
const base = mkdtempSync(join(values.folder ?? tmpdir(), 'threadline-bench-'));
const figures: Figure[] = [];
const started = performance.now();

function say(text: string): void {
  console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);
}

/** A folder of its own, removed when the work is done. */
async function inFolder<T>(name: string, work: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(base, `${name}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const DATA = Buffer.alloc(900, 'x');
const raws = new Map<number, number>();

async function raw(events: number): Promise<number> {
  const known = raws.get(events);
  if (known !== undefined) return known;
  const value = await inFolder('raw', (folder) => rawAppend(folder, events, DATA));
  raws.set(events, value);
  figures.push({
    name: 'raw node:sqlite, batches of 1,000, two unique indexes',
    events,
    value,
    unit: 'events/s',
  });
  return value;
}

async function rebuild(folder: string, events: number): Promise<void> {
  const masterKey = loadMasterKey(loadConfig({ THREADLINE_DATA: folder }));
  const before = rawScan(folder);
  const log = SqliteLogReader.open({ folder });
  const upTo = log.headPosition();
  await log.close();
  const began = performance.now();
  await rebuildModels({ folder, masterKey, upTo });
  const value = (before.events / (performance.now() - began)) * 1000;
  // It takes a moment only, and the machine's speed changes: one on either side.
  const limit = (before.perSecond + rawScan(folder).perSecond) / 2;
  figures.push({
    name: 'rebuild of all read models, search too',
    events,
    value,
    unit: 'events/s',
    raw: limit,
    floor: 0.1,
    aim: 0.25,
  });
}

for (const events of sizes) {
  if (only.has('append')) {
    say(`append in process, ${events} events`);
    const limit = await raw(events);
    figures.push(await inFolder('append', (folder) => inProcessAppend(folder, events, limit)));
  }
  if (only.has('http')) {
    say(`ingest over HTTP, ${events} events`);
    const limit = await raw(events);
    figures.push(
      ...(await inFolder('http', (folder) => httpIngest(folder, Math.min(events, 200_000), limit))),
    );
  }
  if (['reads', 'rules', 'rebuild', 'publish'].some((one) => only.has(one))) {
    await inFolder('reads', async (folder) => {
      const hub = await startHub({ folder });
      try {
        say(`filling a hub with ${events} events`);
        await fill(hub, events, (done) => done % 100_000 === 0 && say(`${done} events`));
        if (only.has('reads')) figures.push(...(await reads(hub, events)));
        if (only.has('rules')) {
          say(`other identity rules on ${events} events`);
          figures.push(...(await rulesApplied(hub, events)));
        }
      } finally {
        await hub.stop();
      }
      if (only.has('rebuild')) {
        say(`rebuilding ${events} events`);
        await rebuild(folder, events);
      }
      if (only.has('publish')) {
        say(`projecting and publishing ${events} events`);
        figures.push(...(await publish(folder, events, say)));
      }
    });
  }
  if (only.has('links')) {
    say(`links between ${events} parties`);
    const limit = await raw(events);
    figures.push(await inFolder('links', (folder) => linkThroughput(folder, events, limit)));
  }
  if (only.has('merge')) {
    await inFolder('merge', async (folder) => {
      const hub = await startHub({ folder });
      try {
        say(`two customers of ${events / 2} events`);
        const progress = (done: number): unknown => done % 100_000 === 0 && say(`${done} events`);
        figures.push(...(await mergeLarge(hub, folder, events, progress)));
      } finally {
        await hub.stop();
      }
    });
  }
}
if (only.has('links')) {
  say('one more link on a large customer');
  figures.push(...(await inFolder('links', linksOfLargeCustomer)));
}
if (only.has('emmett')) {
  say('Emmett on SQLite');
  const events = Math.min(2_000, ...sizes);
  const limit = await raw(events);
  figures.push(...(await inFolder('emmett', (folder) => emmett(folder, events, limit, say))));
}
await rm(base, { recursive: true, force: true });
console.log(table(figures));
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
else console.log(`\n${JSON.stringify(figures)}`);
