/** Where a value came from: business time, our id of the event, its position in the log. */
export type Ref = readonly [at: number, event: string, position: number];

/** The same with a place in the event: which of its facts, items, promises. */
export type PlacedRef = readonly [at: number, event: string, position: number, place: number];

/** Latest by business time, then by event id. Positive when `a` is later. */
export function compareRefs(
  a: readonly [number, string, ...unknown[]],
  b: readonly [number, string, ...unknown[]],
): number {
  if (a[0] !== b[0]) return a[0] - b[0];
  return a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;
}
