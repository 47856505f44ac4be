import { startHub } from '@threadline/test/support/hub';
import type { ServiceProcess } from '../../support/service-process.js';
import { idleReads } from '../bench-reads.js';
import type { Figure } from '../figures.js';
import { Connections, readable, type Target } from '../http-load.js';
import { targetOf, type Road } from './road.js';

/**
 * What an api answers from Redis, and beside it (as `raw`) a hub, from its own files, that was sent the same events.
 * `events` of them are of the `fill` that came last.
 */
export async function readTimes(road: Road, events: number, say: (text: string) => void): Promise<Figure[]> {
  const [api] = await road.run('api', 1);
  const cluster = targetOf(api as ServiceProcess);
  const connections = new Connections(cluster, 1);
  await readable(connections, String(road.log.headPosition()));
  connections.close();
  say('sending the same events to a hub');
  const hub = await startHub();
  try {
    for (const load of road.loads) await load.bring(hub);
    say('reading from Redis and from the hub');
    const embedded = await warmReads(hub, events);
    const redis = await warmReads(cluster, events);
    return redis.map(({ name, value, unit }, index) => ({
      ...{ name: `${name}, on Redis (raw: embedded)`, events: road.log.headPosition(), value, unit },
      raw: embedded[index]?.value ?? NaN,
    }));
  } finally {
    await hub.stop();
  }
}

/** The second of two rounds: in the first V8 compiles, and pages come from the disk. */
async function warmReads(target: Target, events: number): Promise<Figure[]> {
  await idleReads(target, events);
  return idleReads(target, events);
}
