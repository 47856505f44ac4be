/** What happened when: the order of everything that the contract calls *latest* or *earliest*. */
export interface Moment {
  /** Business time, milliseconds. */
  readonly at: number;
  /** Our id of the event. */
  readonly event: string;
}

/** Oldest first; at equal time the lesser event id first. */
export function compareMoments(a: Moment, b: Moment): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.event < b.event ? -1 : a.event > b.event ? 1 : 0;
}

/** By code point. (`<` compares UTF-16 units, which puts an emoji before a full-width letter.) */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const left = Array.from(a);
  const right = Array.from(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** The entries as an object, keys in the order of their code points. */
export function sortedRecord<V>(entries: Iterable<readonly [string, V]>): Record<string, V> {
  return Object.fromEntries([...entries].sort(([a], [b]) => compareText(a, b)));
}

export const rfc3339 = (milliseconds: number): string => new Date(milliseconds).toISOString();

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d)))?$/;

/** The instant of an RFC 3339 date (its midnight, UTC) or date-time; undefined for everything else. */
export function instant(text: string): number | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((s) => Number(s ?? 0));
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day);
  const date = new Date(midnight);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const milliseconds = Number(`${match[7] ?? ''}000`.slice(0, 3));
  const offset = (match[8] === '-' ? -1 : 1) * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0));
  return midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000 + milliseconds;
}
