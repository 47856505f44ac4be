import { fill, filled } from '../bench-reads.js';
import type { Figure } from '../figures.js';
import { Connections, readable } from '../http-load.js';
import type { ServiceProcess } from '../../support/service-process.js';
import { cpuTime } from './cpu-time.js';
import { batches, targetOf, type Road } from './road.js';

/** Events a second, from Kafka to the log: everything on one machine. */
const FLOOR = 1_500;
const AIM = 4_000;

/** How many of a backlog go into the log before the clock starts: V8 compiles what runs often, and a group forms. */
const warmUp = (events: number): number => Math.min(10_000, Math.ceil(events / 3));

/** Where more than this share of a backlog is in the log when the clock could start, what is left says nothing. */
const LEAST_LEFT = 0.8;

interface Limits {
  /** What Kafka's producer perf test gave, events a second. */
  readonly raw: number | undefined;
}

/**
 * Backlogs brought into the topic by the gateway, then one process of ingest and two on what lies there: events a second
 * from HTTP to Kafka, and from Kafka to the log.
 */
export async function ingestThroughput(
  road: Road,
  events: number,
  { raw }: Limits,
  say: (text: string) => void,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  await Promise.all([road.run('projector', 0), road.run('api', 0), road.run('ingest', 0)]);
  for (const processes of [1, 2]) {
    // More of it goes before the second process is ready.
    const backlog = events * processes;
    say(`${backlog} events to Kafka`);
    let sent = 0;
    await road.send(batches(`/bench/ingest-${processes}`, backlog, (milliseconds) => (sent = milliseconds)));
    // The first backlog warms the gateway.
    if (processes === 2) {
      const name = 'HTTP to Kafka, batches of 100, 8 connections, warm';
      figures.push({
        ...{ name, events: backlog, unit: 'events/s', ...rawOf(raw) },
        value: (backlog / sent) * 1_000,
      });
    }
    say(`Kafka to log, ${processes} of ingest`);
    figures.push(...(await toLog(road, { events: backlog, processes, raw }, say)));
    await road.run('ingest', 0);
  }
  return figures;
}

const rawOf = (raw: number | undefined): { raw?: number } => (raw === undefined ? {} : { raw });

interface Backlog extends Limits {
  readonly events: number;
  /** Of ingest. */
  readonly processes: number;
}

/** Starts ingest on a backlog that lies in the topic. */
async function toLog(
  road: Road,
  { events, processes, raw }: Backlog,
  say: (text: string) => void,
): Promise<Figure[]> {
  const before = road.log.headPosition();
  const ingests = await road.run('ingest', processes);
  const from = await road.logged(before + warmUp(events));
  if (from > before + events * LEAST_LEFT) {
    say(`no figure: when ${processes} of ingest were ready, most was in the log; try more --events`);
    await road.logged(before + events);
    return [];
  }
  const measured = [
    { name: 'ingest', processes: ingests.map(({ process }) => process) },
    { name: 'the event store', processes: [road.cluster.store.process()] },
  ];
  const began = performance.now();
  const cpuBefore = measured.map((one) => cpuTime(one.processes));
  const to = await road.logged(before + events);
  const seconds = (performance.now() - began) / 1_000;
  const of = processes === 1 ? '1 process' : `${processes} processes`;
  const figures: Figure[] = [
    {
      ...{ name: `Kafka to log, ${of} of ingest, warm`, events, unit: 'events/s', ...rawOf(raw) },
      ...{ value: (to - from) / seconds, floor: FLOOR, aim: AIM, absolute: true },
    },
  ];
  measured.forEach(({ name, processes: ofName }, index) => {
    const [start, end] = [cpuBefore[index], cpuTime(ofName)];
    if (start === undefined || end === undefined) return;
    const value = (end - start) / (to - from);
    figures.push({ name: `processor time an event, ${name}, ${of}`, events, value, unit: 'µs' });
  });
  return figures;
}

/** The whole road at work: a backlog from Kafka to the log, and on into the read models until an api answers with it. */
export async function readableThroughput(
  road: Road,
  events: number,
  { raw }: Limits,
  say: (text: string) => void,
): Promise<Figure[]> {
  say('starting the projector and an api');
  await road.run('ingest', 0);
  const [[api]] = await Promise.all([road.run('api', 1), road.run('projector', 1)]);
  const connections = new Connections(targetOf(api as ServiceProcess), 1);
  await readable(connections, String(road.log.headPosition()));
  say(`${filled(events)} events to Kafka`);
  await road.send({
    events: filled(events),
    bring: async (target) => void (await fill(target, events, () => undefined)),
  });
  const before = road.log.headPosition();
  await road.run('ingest', 1);
  const waiting = filled(events);
  say(`Kafka to log to read models, ${waiting} events`);
  const from = await road.logged(before + warmUp(waiting));
  const began = performance.now();
  const to = await road.logged(before + waiting);
  const logged = performance.now() - began;
  await readable(connections, String(to));
  const published = performance.now() - began;
  connections.close();
  const name = (of: string): string => `Kafka to ${of}, the projector and an api at work, warm`;
  const figure = (of: string, milliseconds: number): Figure => ({
    ...{ name: name(of), events: waiting, unit: 'events/s', ...rawOf(raw) },
    value: ((to - from) / milliseconds) * 1_000,
  });
  return [
    { ...figure('log', logged), floor: FLOOR, aim: AIM, absolute: true },
    figure('readable', published),
  ];
}
