const DUE = /^(\d{4})-(\d\d)-(\d\d)([Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d\d:\d\d))?$/;

/**
 * When a promise is due, in milliseconds: an RFC 3339 date is its midnight in UTC. What is neither date nor date-time, or
 * a day that no calendar has, is Infinity: it comes last. (`Date.parse` alone takes 30 February and the local time zone.)
 */
export function dueAt(due: string | null): number {
  const match = due === null ? null : DUE.exec(due);
  if (match === null) return Infinity;
  const [text, year, month, day, time = 'T00:00:00Z', , second] = match;
  const date = `${year}-${month}-${day}`;
  const midnight = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return Infinity;
  if (text === date) return midnight;
  // A leap second is the second after the fifty-ninth.
  const readable = second === '60' ? time.replace(':60', ':59') : time;
  const at = Date.parse(`${date}${readable.replace(/^[t ]/, 'T').toUpperCase()}`);
  return Number.isNaN(at) ? Infinity : second === '60' ? at + 1000 : at;
}
