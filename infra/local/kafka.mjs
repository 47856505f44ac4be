// A real Apache Kafka on this machine, without Docker: one or three combined brokers (KRaft) in a temporary folder.
// Usage: node infra/local/kafka.mjs [--brokers 1|3] [--advertise port,…] [--tls <folder> --user <name> --password <password>]
// Needs Java 17 or newer, and mvn the first time.
// Prints one JSON line when all of them take connections: {"brokers": [{"node", "port", "pid"}, …]}.
// With --tls each has two more ports: "secure" (TLS; SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN as that user) and "certified"
// (TLS; the client shows a certificate). The folder holds server.pem (its key, PKCS #8, and certificate) and ca.pem.
// With --advertise, a port for each broker, each has one more: "clients", for who comes by a proxy at that port, and is told
// to go on at those ports.
// On stdin: `start <node>` starts a broker again that was killed, and prints {"started": {"node", "port", "pid"}}.
// `rewind <group> <topic> <n>` hands the last n messages of each partition to that group again, which must have no member; prints
// {"rewound": group} when it is done.
// Ends, and removes the folder, on SIGTERM, SIGINT or the end of stdin.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePorts } from './free-ports.mjs';
import { kafkaJars, run } from './kafka-home.mjs';

/** Milliseconds until a broker must take connections. */
const PATIENCE = 180_000;

/** 370 MB of memory each, up in three to four seconds. */
const JAVA = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** Listeners for who comes from outside, as a managed Kafka has them. */
function outside({ secure, certified, clients, advertised }, { tls, user, password }) {
  if (tls === undefined && clients === undefined)
    return { listeners: '', advertised: '', protocols: '', settings: {} };
  if (tls === undefined)
    return {
      listeners: `,CLIENTS://127.0.0.1:${clients}`,
      advertised: `,CLIENTS://127.0.0.1:${advertised}`,
      protocols: ',CLIENTS:PLAINTEXT',
      settings: {},
    };
  const settings = {};
  for (const name of ['secure', 'certified']) {
    settings[`listener.name.${name}.ssl.keystore.type`] = 'PEM';
    settings[`listener.name.${name}.ssl.keystore.location`] = join(tls, 'server.pem');
  }
  settings['listener.name.certified.ssl.client.auth'] = 'required';
  settings['listener.name.certified.ssl.truststore.type'] = 'PEM';
  settings['listener.name.certified.ssl.truststore.location'] = join(tls, 'ca.pem');
  settings['listener.name.secure.sasl.enabled.mechanisms'] = `${SCRAM.join(',')},PLAIN`;
  const modules = 'org.apache.kafka.common.security';
  for (const mechanism of SCRAM)
    settings[`listener.name.secure.${mechanism.toLowerCase()}.sasl.jaas.config`] =
      `${modules}.scram.ScramLoginModule required;`;
  settings['listener.name.secure.plain.sasl.jaas.config'] =
    `${modules}.plain.PlainLoginModule required user_${user}="${password}";`;
  const listeners = `,SECURE://127.0.0.1:${secure},CERTIFIED://127.0.0.1:${certified}`;
  return {
    listeners,
    advertised: listeners,
    protocols: ',SECURE:SASL_SSL,CERTIFIED:SSL',
    settings,
  };
}

const SCRAM = ['SCRAM-SHA-512', 'SCRAM-SHA-256'];

/** What a broker is told. Short time-outs, so that a test sees a broker's death in seconds; durability as in production. */
function properties(one, nodes, options) {
  const { node, port, controller, folder } = one;
  const { listeners, advertised, protocols, settings } = outside(one, options);
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
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${listeners}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}${advertised}`,
    'listener.security.protocol.map': `PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    ...quorum,
    ...settings,
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

const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;

/** Resolves when something takes connections there. */
async function listening(port, child) {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(50)) {
    if (hasEnded(child)) break;
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

const scramUser = (mechanism, { user, password }) => [
  '--add-scram',
  `${mechanism}=[name=${user},password=${password}]`,
];

async function main() {
  const { values: options } = parseArgs({
    options: {
      brokers: { type: 'string', default: '1' },
      advertise: { type: 'string' },
      tls: { type: 'string' },
      user: { type: 'string' },
      password: { type: 'string' },
    },
  });
  const count = Number(options.brokers);
  if (count !== 1 && count !== 3) throw new Error('--brokers takes 1 or 3');
  const words = [options.user, options.password].filter((word) => /^\w+$/.test(word ?? ''));
  if (options.tls !== undefined && words.length !== 2)
    throw new Error('--tls needs --user and --password, of letters and digits');
  const advertised = options.advertise?.split(',').map(Number);
  if (advertised !== undefined && options.tls !== undefined)
    throw new Error('--advertise and --tls do not go together');
  if (advertised !== undefined && advertised.length !== count)
    throw new Error('--advertise takes a port for each broker');
  const jars = join(await kafkaJars(), '*');
  const home = await mkdtemp(join(tmpdir(), 'threadline-kafka-'));
  const ports = await freePorts(5 * count);
  const nodes = Array.from({ length: count }, (_, index) => ({
    node: index + 1,
    port: ports[5 * index],
    controller: ports[5 * index + 1],
    ...(options.tls !== undefined && { secure: ports[5 * index + 2], certified: ports[5 * index + 3] }),
    ...(advertised !== undefined && { clients: ports[5 * index + 4], advertised: advertised[index] }),
    folder: join(home, `node-${index + 1}`),
    config: join(home, `node-${index + 1}.properties`),
    child: undefined,
  }));

  const start = async (one) => {
    // One that was killed a moment ago still has its ports.
    if (one.child !== undefined && !hasEnded(one.child)) await once(one.child, 'exit');
    one.child = spawn('java', [...JAVA, '-cp', jars, 'kafka.Kafka', one.config], { stdio: 'ignore' });
    await listening(one.port, one.child);
  };
  const told = ({ node, port, secure, certified, clients, child }) => ({
    node,
    port,
    secure,
    certified,
    clients,
    pid: child.pid,
  });
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
  let ending = false;
  const end = async (exitCode) => {
    if (ending) return;
    ending = true;
    for (const { child } of nodes) {
      if (child === undefined || hasEnded(child)) continue;
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
        const lines = Object.entries(properties(one, nodes, options)).map(
          ([name, value]) => `${name}=${value}\n`,
        );
        await writeFile(one.config, lines.join(''));
        const alone = count === 1 ? ['--standalone'] : [];
        const users =
          options.tls === undefined ? [] : SCRAM.flatMap((mechanism) => scramUser(mechanism, options));
        const format = ['kafka.tools.StorageTool', 'format', '-t', cluster, ...alone, '-c', one.config];
        await run('java', [...JAVA, '-cp', jars, ...format, ...users]);
      }),
    );
    await Promise.all(nodes.map(start));
    say({ brokers: nodes.map(told) });
  } catch (error) {
    fail(error);
    return;
  }
  const rewind = async (group, topic, by) => {
    const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';
    const what = ['--group', group, '--topic', topic, '--reset-offsets', '--shift-by', `-${by}`, '--execute'];
    await run('java', [
      ...JAVA,
      '-cp',
      jars,
      tool,
      '--bootstrap-server',
      `127.0.0.1:${nodes[0].port}`,
      ...what,
    ]);
  };
  const commands = createInterface({ input: process.stdin });
  commands.on('line', (line) => {
    const [command, ...words] = line.trim().split(' ');
    if (command === 'rewind' && words.length === 3)
      return void rewind(...words).then(() => say({ rewound: words[0] }), fail);
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
