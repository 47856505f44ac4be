import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { KafkaBroker } from '@threadline/broker/kafka-broker';
import { inboundTopic } from '@threadline/broker/kafka/topics';
import { createLogger } from '@threadline/platform/logger';
import type { Figure } from '../figures.js';

/** `test/dist/bench/cluster` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
const KAFKA_HOME = join(ROOT, 'infra', 'local', 'kafka-home.mjs');

const RECORDS = 150_000;
/** Bytes: about an event as the gateway publishes it. */
const RECORD = 900;
const TOPIC = 'bench.producer-perf';

const CLIENT = 'threadline-bench';

/** What Kafka's own producer perf test gets into a topic like ours, acknowledged by all replicas. */
export async function producerPerf(brokers: readonly string[]): Promise<Figure[]> {
  const topic = inboundTopic(TOPIC);
  const broker = await KafkaBroker.open({
    ...{ brokers, clientId: CLIENT, group: CLIENT, dead: TOPIC, topics: [topic] },
    log: createLogger({ level: 'silent' }),
    lost: () => undefined,
  });
  await broker.close();
  const { kafkaJars } = (await import(pathToFileURL(KAFKA_HOME).href)) as {
    kafkaJars: () => Promise<string>;
  };
  const options = {
    '--topic': TOPIC,
    '--num-records': RECORDS,
    '--record-size': RECORD,
    '--throughput': -1,
    '--bootstrap-server': brokers.join(','),
    '--command-property': 'acks=all',
  };
  const { stdout } = await promisify(execFile)('java', [
    ...['-cp', join(await kafkaJars(), '*'), 'org.apache.kafka.tools.ProducerPerformance'],
    ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
  ]);
  // The last line is of the whole run: "150000 records sent, 27000.1 records/sec (23.1 MB/sec), … 41 ms 99th, …".
  const [, rate, p99] =
    /([\d.]+) records\/sec.* ([\d.]+) ms 99th/.exec(stdout.trim().split('\n').at(-1) ?? '') ?? [];
  if (rate === undefined || p99 === undefined)
    throw new Error(`the producer perf test printed ${stdout.slice(-500)}`);
  const name = `Kafka's producer perf test, ${RECORD} bytes, acks=all`;
  return [
    { name, events: RECORDS, value: Number(rate), unit: 'events/s' },
    { name: `${name}, p99`, events: RECORDS, value: Number(p99), unit: 'ms' },
  ];
}
