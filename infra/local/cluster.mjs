// A whole cluster on this machine, without Docker, to try cluster mode: Kafka, two Redis, the event store alone, and one of each
// service. `npm run start:cluster`; `-- --help` tells the rest. What it keeps lies in temporary folders and goes when it ends.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const HELP = `Starts cluster mode on this machine, without Docker, to try it: Kafka, two Redis, the event store alone, and the four
services. Everything is in temporary folders, and gone when it ends (Ctrl-C).

Usage: npm run start:cluster [-- options]

  --brokers <1|3>   brokers of Kafka (default 1)
  --port <number>   of the gateway; the api has the next one (default 8080)

Needs Java 17 or newer with Maven (Kafka is fetched the first time) and redis-server. Takes THREADLINE_BOOTSTRAP_KEY,
THREADLINE_MASTER_KEY and THREADLINE_COUNTRY; the keys are made where they are not given.
`;

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const children = [];
let ending = false;

/** Starts it and answers its first line of output that `read` makes something of. */
function start(name, args, env, read) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    // The end of its stdin ends what infra/local starts, should this process be killed.
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = read(line);
      if (found !== undefined && found !== null) resolve(found);
    });
    child.once('exit', (code, signal) => {
      reject(new Error(`${name} ended (${signal ?? code})`));
      if (!ending) void end(1, `${name} ended (${signal ?? code}): so does the rest`);
    });
  });
}

/** The services first, so that they can finish what is under way; the servers behind them last. */
async function end(code, why) {
  if (ending) return;
  ending = true;
  if (why) process.stderr.write(`${why}\n`);
  for (const child of children.reverse()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }
  await rm(folder, { recursive: true, force: true });
  process.exit(code);
}

const ported = (line) => JSON.parse(line).servers?.[0]?.port;

async function main({ brokers, port }) {
  const local = (script, ...args) => [join(root, 'infra', 'local', script), ...args];
  const app = (name, file = 'main.js') => ['--enable-source-maps', join(root, 'apps', name, 'dist', file)];
  const say = (text) => process.stderr.write(`${text} …\n`);

  say('Kafka, Redis and the event store');
  const key = process.env.THREADLINE_BOOTSTRAP_KEY ?? randomBytes(24).toString('base64url');
  const data = (name) => ({ THREADLINE_BOOTSTRAP_KEY: key, THREADLINE_DATA: join(folder, name) });
  const [kafka, reads, vault, store] = await Promise.all([
    start('kafka', local('kafka.mjs', '--brokers', brokers), {}, (line) => JSON.parse(line).brokers),
    start('redis', local('redis.mjs'), {}, ported),
    start('the redis of the vault', local('redis.mjs'), {}, ported),
    start(
      'the event store',
      app('hub', 'store-main.js'),
      { ...data('store'), THREADLINE_EVENTSTORE_PORT: '0' },
      (line) => /esdb:\S+/.exec(line)?.[0],
    ),
  ]);
  const cluster = {
    THREADLINE_MODE: 'cluster',
    THREADLINE_STOP_GRACE: '0',
    THREADLINE_MASTER_KEY: process.env.THREADLINE_MASTER_KEY ?? randomBytes(32).toString('base64'),
    THREADLINE_KAFKA: kafka.map((one) => `127.0.0.1:${one.port}`).join(','),
    THREADLINE_EVENTSTORE: store.replace('<key>', key),
    THREADLINE_REDIS: `redis://127.0.0.1:${reads}`,
    THREADLINE_VAULT: `redis://127.0.0.1:${vault}`,
  };
  say('the services');
  const service = (name, on) =>
    start(
      name,
      app(name),
      { ...cluster, ...data(name), THREADLINE_PORT: String(on) },
      (line) => /^ {2}api +(\S+)/.exec(line)?.[1],
    );
  const [gateway, api, ingest, projector] = await Promise.all([
    service('gateway', port),
    service('api', port === 0 ? 0 : port + 1),
    service('ingest', 0),
    service('projector', 0),
  ]);
  for (const url of [gateway, api, ingest, projector]) await ready(url);
  process.stdout.write(`Threadline cluster
  gateway    ${gateway}    POST /v1/events
  api        ${api}    GET /v1/customers, /docs
  ingest     ${ingest}    /health, /metrics
  projector  ${projector}    /health, /metrics
  kafka      ${cluster.THREADLINE_KAFKA}
  store      ${cluster.THREADLINE_EVENTSTORE}
  redis      ${cluster.THREADLINE_REDIS}
  vault      ${cluster.THREADLINE_VAULT}
  key        ${key}
`);
}

async function ready(url) {
  while (!ending && !(await fetch(`${url}/health/ready`).catch(() => undefined))?.ok)
    await new Promise((resolve) => setTimeout(resolve, 100));
}

function options() {
  const misused = (message) => {
    process.stderr.write(`${message}\n\n${HELP}`);
    process.exit(64);
  };
  try {
    const { values } = parseArgs({
      options: {
        brokers: { type: 'string', default: '1' },
        port: { type: 'string', default: '8080' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    if (!['1', '3'].includes(values.brokers)) misused('--brokers takes 1 or 3');
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_534)
      misused('--port takes a number from 0 to 65534');
    return { brokers: values.brokers, port };
  } catch (error) {
    return misused(error.message);
  }
}

const wanted = options();
const folder = await mkdtemp(join(tmpdir(), 'threadline-cluster-'));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void end(0));
main(wanted).catch((error) => end(1, error.message));
