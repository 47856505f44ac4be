import { rank } from '@threadline/domain/identifier';
import type { ProjectedEvent } from './projected-event.js';
import { compareRefs, type PlacedRef } from './refs.js';
import type { ByTime } from './trail.js';

/** How a party was named, over all events: at home or in passing. */
export interface Naming {
  /** 0 is the strongest seen (see `STRENGTHS`). */
  strength: number;
  /** Business time of the first event that names it. */
  first: number;
  /** The latest name that came with it; its place is the identifier's. */
  name: PlacedRef | null;
}

/** The first event that shows a party's greatest strength. */
export interface Shown {
  readonly at: number;
  /** As much of its id as orders events of one time: a number made of the first 12 hexadecimal digits. */
  readonly event: number;
  readonly position: number;
}

/** The same with what shows it. */
export interface ExplainedNaming extends Naming {
  /** Null of one that only people's decisions name. */
  shown: Shown | null;
  /** How often it came with a name. */
  named: number;
}

/** Of two names in one event the first stands. */
export const compareNames: ByTime = (a, b) => compareRefs(a, b) || b[3] - a[3];

export function combineNamings(a: ExplainedNaming, b: ExplainedNaming): ExplainedNaming {
  return {
    strength: Math.min(a.strength, b.strength),
    first: Math.min(a.first, b.first),
    name: laterName(a.name, b.name),
    shown: showsBetter(a, b) ? a.shown : b.shown,
    named: a.named + b.named,
  };
}

function showsBetter(a: ExplainedNaming, b: ExplainedNaming): boolean {
  if (a.shown === null || b.shown === null) return b.shown === null;
  return (a.strength - b.strength || a.shown.at - b.shown.at || a.shown.event - b.shown.event) <= 0;
}

export function laterName(a: PlacedRef | null, b: PlacedRef | null): PlacedRef | null {
  if (a === null || b === null) return a ?? b;
  return compareNames(a, b) >= 0 ? a : b;
}

const orderOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

/** How one event names its parties, by handle. */
export function namings({ at, id, position, parties }: ProjectedEvent): Map<number, ExplainedNaming> {
  const found = new Map<number, ExplainedNaming>();
  const shown: Shown = { at, event: orderOf(id), position };
  parties.forEach((party, place) => {
    const isNamed = party.named === true;
    const naming: ExplainedNaming = {
      strength: rank(party.strength),
      first: at,
      name: isNamed ? [at, id, position, place] : null,
      shown,
      named: isNamed ? 1 : 0,
    };
    const known = found.get(party.key);
    found.set(party.key, known === undefined ? naming : combineNamings(known, naming));
  });
  return found;
}
