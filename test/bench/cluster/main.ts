import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { EXIT } from '@threadline/platform/exit-codes';
import { missingForCluster } from '../../support/cluster.js';
import { table, type Figure } from '../figures.js';
import { freshness } from './freshness.js';
import { producerPerf } from './producer-perf.js';
import { readTimes } from './read-times.js';
import { redisBenchmark } from './redis-benchmark.js';
import { Road } from './road.js';
import { ingestThroughput, readableThroughput } from './throughput.js';

const HELP = `Measures a cluster beside what Kafka and Redis do alone in the same run, everything on this machine: Kafka, the event
store (the embedded one, over gRPC), two Redis, the services and the load. Figures, no verdicts; six minutes or less.

  npm run bench:cluster -- [options]

  --events <n>   events of a backlog (default 30000)
  --seconds <n>  how long freshness is measured (default 30)
  --only <list>  of: raw, readable, reads, freshness, ingest (default: all)
  --json <file>  write the figures as JSON as well

  raw        Kafka's producer perf test, redis-benchmark
  readable   a backlog from Kafka to the log and into the read models, all services at work
  reads      card, timeline and search from Redis, and from a hub that was sent the same
  freshness  300 events a second: from acknowledged to the log, and to readable
  ingest     HTTP to Kafka; a backlog from Kafka to the log, with one process of ingest and with two, and nobody who reads
`;

const PARTS = ['raw', 'readable', 'reads', 'freshness', 'ingest'];

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '30000' },
    seconds: { type: 'string', default: '30' },
    only: { type: 'string', default: PARTS.join(',') },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(EXIT.ok);
}
const events = Number(values.events);
const seconds = Number(values.seconds);
const only = new Set(values.only.split(','));
const unknown = [...only].filter((part) => !PARTS.includes(part));
if (
  !Number.isInteger(events) ||
  events < 1_000 ||
  !Number.isInteger(seconds) ||
  seconds < 1 ||
  unknown.length > 0
) {
  console.error(
    `--events takes a whole number of at least 1000, --seconds one of at least 1, --only ${PARTS.join(', ')}`,
  );
  process.exit(EXIT.usage);
}
const missing = missingForCluster();
if (missing !== undefined) {
  console.error(`There can be no cluster here: ${missing}.`);
  process.exit(EXIT.unavailable);
}

const figures: Figure[] = [];
const started = performance.now();

function say(text: string): void {
  console.error(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);
}

say('starting Kafka, the event store and Redis');
const road = await Road.open();
/** Ended by a signal, it leaves no process and no folder behind. */
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void road.close().finally(() => process.exit(EXIT.refused)));
try {
  if (only.has('raw')) {
    say("Kafka's producer perf test");
    figures.push(...(await producerPerf(road.cluster.kafka.brokers)));
    say('redis-benchmark');
    figures.push(...(await redisBenchmark(say)));
  }
  const raw = figures.find(({ unit }) => unit === 'events/s')?.value;
  // First: a projector and an api that start go through all that was sent.
  if (only.has('readable') || only.has('reads')) {
    const measured = await readableThroughput(road, events, { raw }, say);
    if (only.has('readable')) figures.push(...measured);
  }
  if (only.has('reads')) figures.push(...(await readTimes(road, events, say)));
  if (only.has('freshness')) figures.push(...(await freshness(road, seconds, say)));
  if (only.has('ingest')) figures.push(...(await ingestThroughput(road, events, { raw }, say)));
} finally {
  await road.close();
}
say('done');
console.log(table(figures));
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
else console.log(`\n${JSON.stringify(figures)}`);
