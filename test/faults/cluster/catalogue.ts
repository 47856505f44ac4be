import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '../../support/cluster.js';
import { flushRedis } from '../../support/redis-servers.js';
import type { Side, TcpProxy } from '../../support/tcp-proxy.js';
import type { Ledger } from '../ledger.js';
import type { Load } from '../load.js';
import type { Random } from '../random.js';
import { deliverAgain, rewindIngest } from './deliveries.js';
import type { Place } from './place.js';
import type { Server, Stage } from './stage.js';

/** What a fault may use. */
export interface Scene {
  readonly stage: Stage;
  readonly ledger: Ledger;
  readonly load: Load;
  readonly random: Random;
}

export interface Fault {
  readonly name: string;
  /** Does it, and undoes it where that has to be done; resolves with when it was over (`performance.now()`). */
  readonly strike: (scene: Scene) => Promise<number>;
}

const SERVICES: readonly Service[] = ['gateway', 'ingest', 'projector', 'api'];
const SERVERS = ['a broker', 'the event store', "the vault's Redis", "the read models' Redis"] as const;
const LINES = ['Kafka', 'the event store', "the vault's Redis", "the read models' Redis"] as const;
type ServerName = (typeof SERVERS)[number];
type LineName = (typeof LINES)[number];

/** Milliseconds that something is held still: the shorter is noticed by nobody but who waits, the longer outlasts leases. */
const HELD = { short: 2_500, long: 7_000 };
/** Milliseconds that every piece of data is late. */
const LATE = 150;
/** Events that wait when ingest is killed over them. */
const BACKLOG = 300;

/** Of the services one of the two, of projectors the active one. */
const oneOf = async (service: Service, { stage, random }: Scene): Promise<Place> =>
  service === 'projector' ? stage.active() : (stage.places[service][random.between(0, 2)] as Place);

function serverOf(name: ServerName, { stage, random }: Scene): Server {
  if (name === 'a broker') return stage.brokers[random.between(0, stage.brokers.length)] as Server;
  if (name === 'the event store') return stage.store;
  return stage.redis[name === "the vault's Redis" ? 'vault' : 'reads'];
}

function linesTo(name: LineName, { lines }: Stage): readonly TcpProxy[] {
  if (name === 'Kafka') return lines.kafka;
  if (name === 'the event store') return [lines.store];
  return [lines[name === "the vault's Redis" ? 'vault' : 'reads']];
}

const killed = (service: Service): Fault => ({
  name: `${service} killed`,
  strike: async (scene) => {
    const place = await oneOf(service, scene);
    // Over a backlog there is much that it has begun and not finished.
    if (service === 'ingest') await scene.load.burst(scene.stage.gateways, BACKLOG);
    const since = performance.now();
    place.kill();
    return since;
  },
});

const stopped = (service: Service, held: number): Fault => ({
  name: `${service} stopped for ${held / 1000} s`,
  strike: async (scene) => {
    const place = await oneOf(service, scene);
    place.signal('SIGSTOP');
    await pause(held);
    place.signal('SIGCONT');
    return performance.now();
  },
});

const ended = (service: Service): Fault => ({
  name: `${service} ended and started`,
  strike: async (scene) => {
    const place = await oneOf(service, scene);
    const since = performance.now();
    const code = await place.end();
    if (code !== 0) place.fallen.push(`${place.name}, asked to stop, ended with ${code}`);
    await place.open();
    return since;
  },
});

const serverKilled = (name: ServerName): Fault => ({
  name: `${name} killed`,
  strike: async (scene) => {
    const server = serverOf(name, scene);
    const since = performance.now();
    await server.kill();
    return since;
  },
});

const serverStopped = (name: ServerName, held: number): Fault => ({
  name: `${name} stopped for ${held / 1000} s`,
  strike: async (scene) => {
    const server = serverOf(name, scene);
    server.signal('SIGSTOP');
    await pause(held);
    server.signal('SIGCONT');
    return performance.now();
  },
});

const flushed: Fault = {
  name: "the read models' Redis emptied",
  strike: async ({ stage }) => {
    await flushRedis(stage.cluster.reads.url);
    return performance.now();
  },
};

const cut = (name: LineName): Fault => ({
  name: `connections to ${name} cut`,
  strike: async ({ stage }) => {
    for (const line of linesTo(name, stage)) line.cut();
    return performance.now();
  },
});

const slowed = (name: LineName, held: number): Fault => ({
  name: `connections to ${name} slow for ${held / 1000} s`,
  strike: async ({ stage }) => {
    for (const line of linesTo(name, stage)) line.slow(LATE);
    await pause(held);
    for (const line of linesTo(name, stage)) line.slow(0);
    return performance.now();
  },
});

const halfClosed = (name: LineName, side: Side): Fault => ({
  name: `connections to ${name} half-closed, ${side === 'client' ? 'services' : name} told`,
  strike: async ({ stage }) => {
    for (const line of linesTo(name, stage)) line.halfClose(side);
    return performance.now();
  },
});

const silent = (name: LineName, held: number): Fault => ({
  name: `connections to ${name} silent for ${held / 1000} s`,
  strike: async ({ stage }) => {
    for (const line of linesTo(name, stage)) line.hush();
    await pause(held);
    for (const line of linesTo(name, stage)) line.speak();
    return performance.now();
  },
});

const deliveredAgain: Fault = {
  name: 'events delivered again in another order',
  strike: async ({ stage, ledger, random }) => {
    await deliverAgain(stage, ledger, random);
    return performance.now();
  },
};

const rewound: Fault = {
  name: 'ingest taken back to earlier offsets',
  strike: async ({ stage }) => {
    await rewindIngest(stage);
    return performance.now();
  },
};

/** Each kind, in an order in which no two of one server follow each other. */
const CI: readonly Fault[] = [
  killed('gateway'),
  serverStopped('the event store', HELD.short),
  killed('ingest'),
  serverKilled("the read models' Redis"),
  cut('Kafka'),
  stopped('api', HELD.short),
  serverKilled("the vault's Redis"),
  killed('projector'),
  slowed('the event store', HELD.short),
  serverKilled('a broker'),
  flushed,
  stopped('gateway', HELD.short),
  deliveredAgain,
  serverKilled('the event store'),
  stopped('projector', HELD.long),
  serverStopped("the vault's Redis", HELD.short),
  killed('api'),
  halfClosed("the read models' Redis", 'server'),
  serverStopped('a broker', HELD.long),
  halfClosed('the event store', 'server'),
  stopped('ingest', HELD.long),
  silent("the vault's Redis", HELD.short),
  halfClosed('Kafka', 'server'),
  rewound,
  serverStopped("the read models' Redis", HELD.short),
];

/** Everything that can be done, to everything that it can be done to, for a time that is drawn; in an order that is drawn. */
function everyFault(random: Random): Fault[] {
  const held = (): number => 100 * random.between(5, 90);
  const all = [
    ...SERVICES.flatMap((service) => [
      ...[killed(service), killed(service), ended(service)],
      ...[stopped(service, held()), stopped(service, held())],
    ]),
    ...SERVERS.flatMap((name) => [
      ...[serverKilled(name), serverKilled(name)],
      ...[serverStopped(name, held()), serverStopped(name, held())],
    ]),
    ...LINES.flatMap((name) => [
      ...[cut(name), slowed(name, held()), silent(name, held())],
      ...[halfClosed(name, 'client'), halfClosed(name, 'server')],
    ]),
    ...[flushed, flushed, deliveredAgain, deliveredAgain, rewound, rewound],
  ];
  return all
    .map((fault) => ({ fault, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ fault }) => fault);
}

export const catalogue = (size: 'ci' | 'full', random: Random): readonly Fault[] =>
  size === 'ci' ? CI : everyFault(random);
