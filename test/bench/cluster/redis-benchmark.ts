import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { UNDURABLE } from '../bench-publish.js';
import { startRedis } from '../../support/redis-servers.js';
import type { Figure } from '../figures.js';

const COMMANDS = 100_000;
const CLIENTS = 50;
/** Bytes of a value. */
const VALUE = 900;

/** Redis as a vault needs it, and as read models are published to it. */
const SERVERS = [
  { kind: 'every write on the disk', flags: [] },
  { kind: 'nothing on the disk', flags: UNDURABLE },
];

/** What `redis-benchmark` gets out of the two kinds of Redis that a cluster has. */
export async function redisBenchmark(say: (text: string) => void): Promise<Figure[]> {
  if (spawnSync('redis-benchmark', ['--version']).error !== undefined) {
    say('Redis is not measured alone: redis-benchmark is not installed (Debian: redis-tools)');
    return [];
  }
  const figures: Figure[] = [];
  for (const { kind, flags } of SERVERS) {
    const redis = await startRedis('single', flags);
    try {
      const options = {
        '-p': redis.ports[0],
        '-t': 'set,zadd',
        '-n': COMMANDS,
        '-c': CLIENTS,
        '-d': VALUE,
        '-r': COMMANDS,
      };
      const { stdout } = await promisify(execFile)('redis-benchmark', [
        ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
        '--csv',
      ]);
      figures.push(
        ...stdout
          .trim()
          .split('\n')
          .slice(1)
          .flatMap((line) => figuresOf(line, kind)),
      );
    } finally {
      await redis.dispose();
    }
  }
  return figures;
}

/** Of a line such as `"SET","71000.1","0.6","0.1","0.5","0.9","1.4","3.2"`: command, rate, then milliseconds. */
function figuresOf(line: string, kind: string): Figure[] {
  const [command, rate, , , , , p99] = line.split(',').map((cell) => cell.replaceAll('"', ''));
  const name = `redis-benchmark ${command}, ${CLIENTS} clients, ${kind}`;
  return [
    { name, events: COMMANDS, value: Number(rate), unit: 'commands/s' },
    { name: `${name}, p99`, events: COMMANDS, value: Number(p99), unit: 'ms' },
  ];
}
