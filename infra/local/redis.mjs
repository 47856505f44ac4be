// Real Redis servers on this machine, without Docker, in a temporary folder: `redis-server` or `valkey-server` of the PATH.
// Usage: node infra/local/redis.mjs [--shape single|replicated|cluster] [--tls <folder>] [-- flags of the server…]
// single: one. replicated: one and a replica that follows it. cluster: three masters of a Redis Cluster.
// They keep every write, as a vault needs, unless the flags say otherwise: `-- --appendfsync everysec`.
// With --tls each has one more port, "secure"; the folder holds server.crt, client.crt, their .key, and ca.pem.
// Prints one JSON line when they take commands: {"folder", "servers": [{"node", "port", "pid"}, …]}.
// On stdin: `start <node> [flags…]` starts one again that was killed, and prints {"started": {"node", "port", "pid"}};
// the flags, where there are any, take the place of those of the command line.
// Ends, and removes the folder, on SIGTERM, SIGINT or the end of stdin.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePorts } from './free-ports.mjs';

/** Milliseconds until a server must answer. */
const PATIENCE = 30_000;

const PROGRAMS = ['redis-server', 'valkey-server'];
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];

/** What the server on that port answers to a command, as it comes over the wire; undefined where nothing does. */
function ask(port, ...command) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => end(undefined));
    socket.once('error', () => end(undefined));
    socket.once('data', (answer) => end(String(answer)));
    socket.once('close', () => end(undefined));
    const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    socket.write(`*${command.length}\r\n${parts.join('')}`);
  });
}

/** Waits until `done` says so; throws after the patience, or at once when a server ends. */
async function until(what, done, children) {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await delay(20)) {
    if (await done()) return;
    if (children.some(hasEnded)) break;
  }
  throw new Error(
    `${what} did not happen within ${PATIENCE / 1000} s: ${children.map((c) => c.printed).join('\n')}`,
  );
}

const hasEnded = (child) => child.exitCode !== null || child.signalCode !== null;

async function start(server, flags) {
  // One that was killed a moment ago still has its port.
  if (server.child) await until(`the end of server ${server.node}`, () => hasEnded(server.child), []);
  await mkdir(server.folder, { recursive: true });
  const own = ['--port', server.port, '--bind', '127.0.0.1', '--dir', server.folder, ...server.flags];
  for (const program of PROGRAMS) {
    const child = spawn(program, [...own, ...DURABLE, ...flags].map(String), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const found = await new Promise((resolve, reject) => {
      child.once('spawn', () => resolve(true));
      child.once('error', (error) => (error.code === 'ENOENT' ? resolve(false) : reject(error)));
    });
    if (!found) continue;
    child.printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (child.printed = (child.printed + text).slice(-4_000)));
    server.child = child;
    await until(
      `the start of ${program} on port ${server.port}`,
      async () => (await ask(server.port, 'PING'))?.startsWith('+PONG'),
      [child],
    );
    return { node: server.node, port: server.port, secure: server.secure, pid: child.pid };
  }
  throw new Error(`neither ${PROGRAMS.join(' nor ')} is installed (Debian: redis-server)`);
}

/** Clients need no certificate: a password does. The nodes of a cluster tell their TLS ports only where they use them. */
const tlsFlags = (port, folder, shape) => [
  ...['--tls-port', port, '--tls-auth-clients', 'no', '--tls-ca-cert-file', join(folder, 'ca.pem')],
  ...['--tls-cert-file', join(folder, 'server.crt'), '--tls-key-file', join(folder, 'server.key')],
  ...[
    '--tls-client-cert-file',
    join(folder, 'client.crt'),
    '--tls-client-key-file',
    join(folder, 'client.key'),
  ],
  ...['--tls-cluster', shape === 'cluster' ? 'yes' : 'no'],
];

const SLOTS = 16_384;

/** Shares the slots out, introduces the nodes, and waits until all of them know all. */
async function joinCluster(servers) {
  const children = servers.map(({ child }) => child);
  const share = Math.ceil(SLOTS / servers.length);
  const [first] = servers;
  for (const [index, { port }] of servers.entries()) {
    const to = Math.min((index + 1) * share, SLOTS) - 1;
    await ask(port, 'CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(to));
    await ask(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    await ask(port, 'CLUSTER', 'MEET', '127.0.0.1', String(first.secure ?? first.port), String(first.bus));
  }
  const whole = async ({ port }) => {
    const info = (await ask(port, 'CLUSTER', 'INFO')) ?? '';
    return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${servers.length}`);
  };
  await until(
    'the joining of the cluster',
    async () => (await Promise.all(servers.map(whole))).every(Boolean),
    children,
  );
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { shape: { type: 'string', default: 'single' }, tls: { type: 'string' } },
    allowPositionals: true,
  });
  const { shape, tls } = values;
  const count = { single: 1, replicated: 2, cluster: 3 }[shape];
  if (count === undefined) throw new Error('--shape takes single, replicated or cluster');
  const folder = await mkdtemp(join(tmpdir(), 'threadline-redis-'));
  const ports = await freePorts(3 * count);
  const secure = ports.splice(2 * count);
  const servers = Array.from({ length: count }, (_, index) => {
    const [port, bus] = [ports[2 * index], ports[2 * index + 1]];
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', 2_000];
    const replica = ['--replicaof', '127.0.0.1', ports[0]];
    const flags = shape === 'cluster' ? cluster : index > 0 ? replica : [];
    const server = { node: index + 1, port, bus, flags, folder: join(folder, String(index + 1)) };
    if (tls === undefined) return server;
    return { ...server, secure: secure[index], flags: [...flags, ...tlsFlags(secure[index], tls, shape)] };
  });
  let ending = false;
  const end = async (code) => {
    if (ending) return;
    ending = true;
    await Promise.all(
      servers.map(async ({ child }) => {
        if (child === undefined || hasEnded(child)) return;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }),
    );
    await rm(folder, { recursive: true, force: true });
    process.exit(code);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void end(0));
  try {
    const started = [];
    for (const server of servers) started.push(await start(server, positionals));
    if (shape === 'cluster') await joinCluster(servers);
    if (shape === 'replicated') {
      // Its file counts only when it was written once since.
      const linked = async () => {
        const told = `${await ask(ports[2], 'INFO', 'replication')}${await ask(ports[2], 'INFO', 'persistence')}`;
        return told.includes('master_link_status:up') && told.includes('aof_rewrite_in_progress:0');
      };
      await until(
        'the first copy of the replica',
        linked,
        servers.map(({ child }) => child),
      );
    }
    console.log(JSON.stringify({ folder, servers: started }));
    for await (const line of createInterface({ input: process.stdin })) {
      const [command, node, ...flags] = line.trim().split(/\s+/);
      const server = servers[Number(node) - 1];
      if (command !== 'start' || server === undefined) throw new Error(`not understood: ${line}`);
      const again = await start(server, flags.length > 0 ? flags : positionals);
      console.log(JSON.stringify({ started: again }));
    }
    await end(0);
  } catch (error) {
    console.error(`redis: ${error.message}`);
    await end(1);
  }
}

await main();
