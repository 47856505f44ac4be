/** What a pattern may hold, and the numbers that it reads. */
const TOKENS: Readonly<Record<string, string>> = {
  YYYY: '(?<year>\\d{4})',
  YY: '(?<year>\\d{2})',
  MMM: '(?<name>[A-Za-z]{3})[A-Za-z]*',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{2})',
  D: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  ss: '(?<second>\\d{2})',
  SSS: '(?<milli>\\d{1,3})\\d*',
  A: '(?<half>[AaPp])\\.?[Mm]\\.?',
  Z: '(?<zone>Z|[+-]\\d{2}:?\\d{2})',
};
const TOKEN = /YYYY|YY|MMM|MM|M|DD|D|HH|H|hh|mm|ss|SSS|A|Z/g;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const ISO =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<milli>\d{1,3})\d*)?)?)?\s*(?<zone>Z|[+-]\d{2}:?\d{2})?$/i;

/** Minutes east of Greenwich at that wall-clock time (milliseconds as if it were UTC). */
export type Zone = (wall: number) => number;

/** `UTC`, `+02:00`, or an IANA name; `undefined` where it is none of them. */
export function zoneOf(name: string): Zone | undefined {
  const fixed = fixedOffset(name);
  if (fixed !== undefined) return () => fixed;
  if (/^(?:utc|gmt|z)$/i.test(name)) return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
  const at = (instant: number): number => {
    const text = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    return fixedOffset(text.replace(/^GMT/, '')) ?? 0;
  };
  // The offset depends on the instant, which depends on the offset: two steps settle it.
  return (wall) => at(wall - at(wall - at(wall) * 60_000) * 60_000);
}

function fixedOffset(text: string): number | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** Reads a time: milliseconds since 1970, or `undefined`. */
export type TimeReader = (text: string) => number | undefined;

/**
 * A reader for `iso` (RFC 3339, date alone or with a space too), `unix` (seconds), `unix-ms`, or a pattern of
 * YYYY YY MMM MM M DD D HH H hh mm ss SSS A Z; a time without a zone is in `zone`. `undefined` for a bad pattern.
 */
export function timeReader(format: string, zone: Zone): TimeReader | undefined {
  if (format === 'unix' || format === 'unix-ms') {
    const factor = format === 'unix' ? 1000 : 1;
    return (text) => (/^-?\d+(?:\.\d+)?$/.test(text) ? Math.round(Number(text) * factor) : undefined);
  }
  if (format === 'iso') return (text) => instant(ISO.exec(text)?.groups, zone);
  let pattern = '';
  let last = 0;
  for (const found of format.matchAll(TOKEN)) {
    pattern +=
      format.slice(last, found.index).replace(/[$()*+.?[\\\]^{|}]/g, '\\$&') + (TOKENS[found[0]] ?? '');
    last = found.index + found[0].length;
  }
  pattern += format.slice(last).replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  let reader: RegExp;
  try {
    reader = new RegExp(`^${pattern}$`);
  } catch {
    // The same part twice.
    return undefined;
  }
  if (!/<year>/.test(pattern) || !/<(?:month|name)>/.test(pattern) || !/<day>/.test(pattern))
    return undefined;
  return (text) => instant(reader.exec(text)?.groups, zone);
}

function instant(parts: Partial<Record<string, string>> | undefined, zone: Zone): number | undefined {
  if (parts === undefined) return undefined;
  const number = (name: string): number => Number(parts[name] ?? 0);
  const short = parts['year']?.length === 2;
  const year = short ? number('year') + (number('year') < 70 ? 2000 : 1900) : number('year');
  const month =
    parts['name'] === undefined
      ? number('month') - 1
      : MONTHS.indexOf(parts['name'].slice(0, 3).toLowerCase());
  const half = parts['half']?.toLowerCase();
  const hour = half === undefined ? number('hour') : (number('hour') % 12) + (half === 'p' ? 12 : 0);
  const milli = Number((parts['milli'] ?? '0').padEnd(3, '0'));
  const wall = Date.UTC(year, month, number('day'), hour, number('minute'), number('second'), milli);
  const read = new Date(wall);
  const holds = read.getUTCMonth() === month && read.getUTCDate() === number('day') && hour < 24;
  if (!holds || number('minute') > 59 || number('second') > 60) return undefined;
  const said = parts['zone'];
  const minutes = said === undefined ? zone(wall) : (fixedOffset(said) ?? 0);
  return wall - minutes * 60_000;
}
