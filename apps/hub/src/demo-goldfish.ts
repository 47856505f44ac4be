import type { Json } from '@threadline/domain/canonical-json';
import type { Card } from '@threadline/projections/card';
import type { TimelineEntry } from '@threadline/projections/timeline-entry';

/** Somebody asked for what had been told before: the hotel that asks for tea or coffee every night. */
export interface GoldfishMoment {
  readonly at: string;
  readonly asker: string;
  readonly slot: string;
  readonly told: { readonly at: string; readonly value: Json };
  /** The asker could have known: it stood on the card of whom they were talking with. */
  readonly couldKnow: boolean;
}

/**
 * Asks for a slot that had a fact by then. `cardBefore` is the card of a party as it stood just before a time: what
 * was told to others, before it came out that they are one person, the asker could not know.
 */
export async function goldfishMoments(
  entries: readonly TimelineEntry[],
  cardBefore: (party: string, time: string) => Promise<Card | undefined>,
): Promise<GoldfishMoment[]> {
  const moments: GoldfishMoment[] = [];
  const told = new Map<string, GoldfishMoment['told']>();
  for (const { at, asks, staff, facts, party } of [...entries].sort((a, b) => (a.at < b.at ? -1 : 1))) {
    for (const slot of asks ?? []) {
      const known = told.get(slot);
      if (known === undefined) continue;
      const card = await cardBefore(party, at);
      const couldKnow = card?.facts[slot] !== undefined;
      moments.push({ at, asker: staff?.name ?? 'somebody', slot, told: known, couldKnow });
    }
    for (const { slot, value } of facts ?? []) told.set(slot, { at, value });
  }
  return moments;
}
