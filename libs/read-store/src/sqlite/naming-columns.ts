import { STRENGTHS } from '@threadline/domain/identifier';
import type { ExplainedNaming, Naming } from '@threadline/projections/naming';
import type { PlacedRef } from '@threadline/projections/refs';

/** Stands for the time at which a party that only decisions name was first seen. */
export const NEVER_SEEN = Number.MAX_SAFE_INTEGER;

/** How only decisions name a party: weaker than any event does. */
export const UNSEEN: ExplainedNaming = {
  strength: STRENGTHS.length,
  first: Infinity,
  name: null,
  shown: null,
  named: 0,
};

/** A naming as its row has it. */
export const namingOf = (strength: number, first: number, name: string | null): Naming => ({
  strength,
  first: first === NEVER_SEEN ? Infinity : first,
  name: name === null ? null : (JSON.parse(name) as PlacedRef),
});

export type NamingColumns = [
  strength: number,
  first: number,
  name: string | null,
  shownAt: number | null,
  shownEvent: number | null,
  shownPosition: number | null,
  named: number,
];
export const NAMING = 'strength, first, name, shown_at, shown_event, shown_position, named';

export function explainedNamingOf([
  strength,
  first,
  name,
  at,
  event,
  position,
  named,
]: NamingColumns): ExplainedNaming {
  const shown = at === null || event === null || position === null ? null : { at, event, position };
  return { ...namingOf(strength, first, name), shown, named };
}
