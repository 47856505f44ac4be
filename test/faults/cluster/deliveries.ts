import type { Message } from '@threadline/broker/broker';
import { INBOUND } from '@threadline/contracts/events-answer';
import { isDecision } from '@threadline/domain/decision';
import type { Ledger } from '../ledger.js';
import type { Random } from '../random.js';
import type { Stage } from './stage.js';

/** Events that are delivered again, at most, and of each partition where the group is taken back. */
const AGAIN = 2_000;
const BACK = 200;

/**
 * What was acknowledged last is put on the topic again by another program: in another order, in partitions of its own,
 * with another ingest perhaps.
 */
export async function deliverAgain({ outside }: Stage, ledger: Ledger, random: Random): Promise<void> {
  const events = [...ledger.entries]
    // Nobody is believed on the topic who decides.
    .filter(({ event, acknowledged }) => acknowledged !== undefined && !isDecision(event.type))
    .slice(-AGAIN)
    .map(({ event }) => event);
  const shuffled = events
    .map((event) => ({ event, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ event }): Message => ({
      topic: INBOUND,
      headers: { 'content-type': 'application/cloudevents+json' },
      body: Buffer.from(JSON.stringify(event)),
    }));
  await outside.publish(shuffled);
}

/** Ingest is taken back to where it was: it has no members meanwhile. */
export async function rewindIngest({ cluster, places }: Stage): Promise<void> {
  await Promise.all(places.ingest.map((place) => place.end()));
  await cluster.kafka.rewind('threadline-ingest', INBOUND, BACK);
  await Promise.all(places.ingest.map((place) => place.open()));
}
