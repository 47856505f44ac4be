import type { JsonObject } from '@threadline/domain/canonical-json';
import type { Reason } from './explanation.js';
import { compareRefs, type PlacedRef } from './refs.js';
import type { Summary } from './summary.js';
import { newerVersions, type Lost, type Sources, type ValueOf } from './sources.js';

interface NamedBy {
  readonly summary: Summary;
  /** The names that came with identifiers. */
  readonly names: { readonly count: number; readonly latest: readonly PlacedRef[] };
}

const inProfile: ValueOf = ({ data }) => {
  const name = (data?.['profile'] as JsonObject | undefined)?.['name'];
  return typeof name === 'string' ? name : undefined;
};
const withIdentifier: ValueOf = ({ names }, place) => names[place];

/**
 * The name of the card: the latest that was stated in a profile; where there is none, or that is forgotten, the latest
 * that came with an identifier.
 */
export function explainName({ summary, names }: NamedBy, sources: Sources): Reason | null {
  const stated = summary.reasons.get('name');
  const [inProfileLast, ...inProfileEarlier] = stated?.latest ?? [];
  const [namedLast, ...namedEarlier] = names.latest;
  const isLeft = inProfileLast !== undefined && sources.value(inProfileLast, inProfile) !== undefined;
  const stands = isLeft ? inProfileLast : (namedLast ?? inProfileLast);
  if (stands === undefined) return null;

  const profiles = inProfileEarlier.map((ref): Lost => ({ ref, rule: 'later', value: inProfile }));
  const versions = stated === undefined ? [] : newerVersions(stated, inProfile);
  const rule = (ref: PlacedRef): Lost['rule'] =>
    isLeft ? 'stated' : ref[1] === stands[1] ? 'same-event' : 'later';
  const identifiers = namedEarlier.map((ref): Lost => ({ ref, rule: rule(ref), value: withIdentifier }));
  if (stands !== namedLast && namedLast !== undefined)
    identifiers.unshift({ ref: namedLast, rule: 'stated', value: withIdentifier });
  if (stands !== inProfileLast && inProfileLast !== undefined)
    profiles.unshift({ ref: inProfileLast, rule: 'forgotten', value: inProfile });
  // Each list is in its order already, and sorting is stable: of one event, what a profile states comes first.
  const lost = [...profiles, ...versions, ...identifiers].sort((a, b) => compareRefs(b.ref, a.ref));
  const total = (stated?.count ?? 0) + (stated?.superseded ?? 0) + names.count - 1;
  return { ...sources.of(stands), ...sources.list(lost, total) };
}
