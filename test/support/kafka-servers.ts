import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { kafkaContainer, missingDocker } from './containers.js';

/** `test/dist/support` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const LOCAL = join(ROOT, 'infra', 'local', 'kafka.mjs');

/** Milliseconds until a Kafka must be there: the first time 54 MB are fetched. */
const PATIENCE = 240_000;

/** A Kafka to try things on; topics must have random names, for it may be anybody's. */
export interface TestKafka {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  dispose(): Promise<void>;
}

/** One whose brokers may be killed. */
export interface OwnKafka extends TestKafka {
  /** Where each broker takes those who come by a proxy; none unless that was asked for. */
  readonly clients: readonly number[];
  /** SIGKILLs the broker at that place of `brokers`, or does something else to it. */
  kill(index: number, signal?: NodeJS.Signals): void;
  /** Starts it again, on its port and its folder; resolves when it takes connections. */
  start(index: number): Promise<void>;
  /** So many messages of each partition are handed to that group again, which must have no member. */
  rewind(group: string, topic: string, by: number): Promise<void>;
}

const given = (): string | undefined => process.env['THREADLINE_TEST_KAFKA'] || undefined;

/** Why a Kafka of our own cannot be started here; undefined: it can. */
export function missingForOwnKafka(): string | undefined {
  const absent = ['java', 'mvn'].filter((name) => spawnSync(name, ['-version']).error !== undefined);
  return absent.length === 0 ? undefined : `a Kafka of our own needs ${absent.join(' and ')}`;
}

/** Why there is no Kafka here at all; undefined: there is. */
export function missingForKafka(): string | undefined {
  if (given() !== undefined) return undefined;
  const own = missingForOwnKafka();
  const docker = own && missingDocker();
  return docker && `${own}, and ${docker}`;
}

/**
 * `THREADLINE_TEST_KAFKA` (`host:port`, with commas between) names a real one; else our own, with one broker; else one
 * in a container.
 */
export async function kafkaServer(): Promise<TestKafka> {
  const brokers = given()?.split(',');
  if (brokers !== undefined) return { brokers, dispose: () => Promise.resolve() };
  if (missingForOwnKafka() === undefined) return startKafka(1);
  const container = await kafkaContainer();
  return { brokers: [container.address], dispose: () => container.dispose() };
}

/** A real broker that wants to know who comes, as a managed Kafka does. */
export interface SecureKafka extends OwnKafka {
  /** `host:port` of a listener with TLS that takes a user by SCRAM or PLAIN. */
  readonly secure: string;
  /** `host:port` of one with TLS that takes who shows a certificate. */
  readonly certified: string;
}

/** Who may come in at `secure`. */
export interface KafkaUser {
  readonly user: string;
  readonly password: string;
}

interface Started {
  readonly node: number;
  readonly port: number;
  readonly secure?: number;
  readonly certified?: number;
  readonly clients?: number;
  readonly pid: number;
}

/**
 * Real brokers of our own (`infra/local/kafka.mjs`), which nobody else uses. `advertised`: whoever comes to `clients` is
 * told to go on at these ports.
 */
export async function startKafka(count: 1 | 3, advertised?: readonly number[]): Promise<OwnKafka> {
  const options = advertised === undefined ? [] : ['--advertise', advertised.join()];
  return (await started(['--brokers', String(count), ...options])).kafka;
}

/** One with the certificates of that folder (see `makeCertificates`). */
export async function startSecureKafka(folder: string, { user, password }: KafkaUser): Promise<SecureKafka> {
  const { kafka, nodes } = await started(['--tls', folder, '--user', user, '--password', password]);
  const at = (port: number | undefined): string => `127.0.0.1:${port}`;
  return { ...kafka, secure: at(nodes[0]?.secure), certified: at(nodes[0]?.certified) };
}

async function started(options: readonly string[]): Promise<{ kafka: OwnKafka; nodes: readonly Started[] }> {
  // Its stdin is ours: it ends when we do, however that comes.
  const child = spawn(process.execPath, [LOCAL, ...options], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines = answersOf(child);
  const { brokers: nodes } = JSON.parse(await lines.next()) as { brokers: Started[] };
  const pids = nodes.map(({ pid }) => pid);
  const kafka: OwnKafka = {
    brokers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    clients: nodes.flatMap(({ clients }) => clients ?? []),
    kill: (index, signal = 'SIGKILL') => void process.kill(pids[index] as number, signal),
    start: async (index) => {
      child.stdin.write(`start ${nodes[index]?.node}\n`);
      const { started: again } = JSON.parse(await lines.next()) as { started: Started };
      pids[index] = again.pid;
    },
    rewind: async (group, topic, by) => {
      child.stdin.write(`rewind ${group} ${topic} ${by}\n`);
      await lines.next();
    },
    dispose: async () => {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
  return { kafka, nodes };
}

/** The lines that it prints, one by one; throws what it said on stderr where it ends instead. */
function answersOf(child: ChildProcess): { next(): Promise<string> } {
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        const failed = (why: string): void => reject(new Error(`Kafka ${why}: ${complaint}`));
        const late = setTimeout(() => {
          child.kill('SIGTERM');
          failed(`was not there after ${PATIENCE} ms`);
        }, PATIENCE);
        const ended = (): void => failed('has ended');
        child.once('exit', ended);
        lines.once('line', (line) => {
          clearTimeout(late);
          child.off('exit', ended);
          resolve(line);
        });
        child.once('exit', () => clearTimeout(late));
      }),
  };
}
