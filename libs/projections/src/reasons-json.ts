import type { PlacedRef, Ref } from './refs.js';
import type { Summary } from './summary.js';
import type { Reasons, Trail } from './trail.js';

/** `[which event, place, which event, place, …]`: several subjects refer to one event. */
type Places = number[];

interface ReasonsJson {
  /** The events. */
  r: Ref[];
  /** The trails: subject, how many stand, which but the first; how many were superseded, which. */
  t: ([string, number, Places] | [string, number, Places, number, Places])[];
}

/** What was stated once, and never overruled anything, is not written: what stands is in the summary itself. */
const isAlone = ({ count, superseded }: Trail): boolean => count === 1 && superseded === 0;

/** What stands on the card by each subject that is stated. */
function* standing(summary: Summary): Iterable<[subject: string, ref: PlacedRef]> {
  const placed = ([at, event, position]: readonly [number, string, number, ...unknown[]]): PlacedRef => [
    at,
    event,
    position,
    0,
  ];
  for (const [slot, ref] of summary.facts) yield [`fact/${slot}`, ref];
  for (const [token, { made }] of summary.promises) if (made) yield [`promise/${token}`, made];
  for (const [field, ref] of summary.profile) yield [`profile/${field}`, placed(ref)];
  for (const [metric, { last }] of summary.surveys) yield [`survey/${metric}`, placed(last)];
  for (const [key, { at, event, position }] of summary.consents)
    yield [`consent/${key}`, [at, event, position, 0]];
  if (summary.named !== null) yield ['name', placed(summary.named)];
}

/** Undefined where there is nothing to write. */
export function reasonsToJson({ reasons }: Summary): string | undefined {
  const written = [...reasons].filter(([, trail]) => !isAlone(trail));
  if (written.length === 0) return undefined;
  written.sort(([a], [b]) => (a < b ? -1 : 1));
  const json: ReasonsJson = { r: [], t: [] };
  const events = new Map<string, number>();
  const places = (refs: readonly PlacedRef[]): Places =>
    refs.flatMap(([at, event, position, place]) => {
      let index = events.get(event);
      if (index === undefined) {
        events.set(event, (index = json.r.length));
        json.r.push([at, event, position]);
      }
      return [index, place];
    });
  for (const [subject, { count, latest, superseded, versions }] of written) {
    if (superseded === 0) json.t.push([subject, count, places(latest.slice(1))]);
    else json.t.push([subject, count, places(latest.slice(1)), superseded, places(versions)]);
  }
  return JSON.stringify(json);
}

export function reasonsFromJson(text: string | undefined, summary: Summary): Reasons {
  const reasons: Reasons = new Map();
  if (text !== undefined) {
    const { r, t } = JSON.parse(text) as ReasonsJson;
    for (const [subject, count, latest, superseded = 0, versions = []] of t) {
      reasons.set(subject, { count, latest: refsOf(r, latest), superseded, versions: refsOf(r, versions) });
    }
  }
  for (const [subject, ref] of standing(summary)) {
    const trail = reasons.get(subject);
    if (trail === undefined) reasons.set(subject, { count: 1, latest: [ref], superseded: 0, versions: [] });
    else trail.latest.unshift(ref);
  }
  return reasons;
}

function refsOf(events: readonly Ref[], places: Places): PlacedRef[] {
  const refs: PlacedRef[] = [];
  for (let i = 0; i < places.length; i += 2) {
    const [at, event, position] = events[places[i] as number] as Ref;
    refs.push([at, event, position, places[i + 1] as number]);
  }
  return refs;
}
