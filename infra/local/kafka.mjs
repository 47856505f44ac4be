// A real Apache Kafka on this machine, without Docker: one or three combined brokers (KRaft) in a temporary folder.
// Usage: node infra/local/kafka.mjs [--brokers 1|3]        needs Java 17 or newer, and mvn the first time
// Prints one JSON line when all of them take connections: {"brokers": [{"node", "port", "pid"}, …]}.
// On stdin: `start <node>` starts a broker again that was killed, and prints {"started": {"node", "port", "pid"}}.
// Ends, and removes the folder, on SIGTERM, SIGINT or the end of stdin.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { kafkaJars, run } from './kafka-home.mjs';

/** Milliseconds until a broker must take connections. */
const PATIENCE = 60_000;

/** 370 MB of memory each, up in three to four seconds. */
const JAVA = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Ports that were free a moment ago. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** What a broker is told. Short time-outs, so that a test sees a broker's death in seconds; durability as in production. */
function properties({ node, port, controller, folder }, nodes) {
  const copies = Math.min(3, nodes.length);
  const quorum =
    nodes.length === 1
      ? { 'controller.quorum.bootstrap.servers': `127.0.0.1:${controller}` }
      : {
          'controller.quorum.voters': nodes.map((one) => `${one.node}@127.0.0.1:${one.controller}`).join(','),
        };
  return {
    'process.roles': 'broker,controller',
    'node.id': node,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    ...quorum,
    'log.dirs': folder,
    'auto.create.topics.enable': false,
    'default.replication.factor': copies,
    'min.insync.replicas': copies === 3 ? 2 : 1,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': copies === 3 ? 2 : 1,
    'transaction.state.log.num.partitions': 2,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'replica.lag.time.max.ms': 3000,
    'num.network.threads': 2,
    'num.io.threads': 2,
  };
}

/** Resolves when something takes connections there. */
async function listening(port, child) {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(50)) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const socket = connect(port, '127.0.0.1');
    const there = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (there) return;
  }
  throw new Error(`a broker did not listen on port ${port} within ${PATIENCE / 1000} s`);
}

async function main() {
  const wanted = process.argv.indexOf('--brokers');
  const count = wanted === -1 ? 1 : Number(process.argv[wanted + 1]);
  if (count !== 1 && count !== 3) throw new Error('--brokers takes 1 or 3');
  const jars = join(await kafkaJars(), '*');
  const home = await mkdtemp(join(tmpdir(), 'threadline-kafka-'));
  const ports = await freePorts(2 * count);
  const nodes = Array.from({ length: count }, (_, index) => ({
    node: index + 1,
    port: ports[2 * index],
    controller: ports[2 * index + 1],
    folder: join(home, `node-${index + 1}`),
    config: join(home, `node-${index + 1}.properties`),
    child: undefined,
  }));

  const start = async (one) => {
    one.child = spawn('java', [...JAVA, '-cp', jars, 'kafka.Kafka', one.config], { stdio: 'ignore' });
    await listening(one.port, one.child);
  };
  const told = ({ node, port, child }) => ({ node, port, pid: child.pid });
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
  let ending = false;
  const end = async (exitCode) => {
    if (ending) return;
    ending = true;
    for (const { child } of nodes) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      // What is in the folder goes anyway: nothing is worth a graceful end.
      child.kill('SIGKILL');
      await gone;
    }
    await rm(home, { recursive: true, force: true });
    process.exit(exitCode);
  };
  process.on('SIGTERM', () => void end(0));
  process.on('SIGINT', () => void end(0));
  // Writes to whoever is gone fail: the end of stdin says it as well.
  process.stdout.on('error', () => undefined);

  const fail = (error) => {
    process.stderr.write(`${error.message}\n`);
    void end(1);
  };
  try {
    // As Kafka's own: 16 random bytes, and no dash at the front that would look like an option.
    const cluster = `k${randomBytes(16).toString('base64url').slice(1, 21)}A`;
    await Promise.all(
      nodes.map(async (one) => {
        const lines = Object.entries(properties(one, nodes)).map(([name, value]) => `${name}=${value}\n`);
        await writeFile(one.config, lines.join(''));
        const alone = count === 1 ? ['--standalone'] : [];
        const format = ['kafka.tools.StorageTool', 'format', '-t', cluster, ...alone, '-c', one.config];
        await run('java', [...JAVA, '-cp', jars, ...format]);
      }),
    );
    await Promise.all(nodes.map(start));
    say({ brokers: nodes.map(told) });
  } catch (error) {
    fail(error);
    return;
  }
  const commands = createInterface({ input: process.stdin });
  commands.on('line', (line) => {
    const one = nodes.find(({ node }) => line.trim() === `start ${node}`);
    if (one === undefined) return void process.stderr.write(`not understood: ${line}\n`);
    start(one).then(() => say({ started: told(one) }), fail);
  });
  commands.on('close', () => void end(0));
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
