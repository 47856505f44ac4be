const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Minutes east of Greenwich. Any other word is read as UTC (RFC 5322 4.3 says the same of military letters). */
const ZONES: Readonly<Record<string, number>> = {
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  bst: 60,
  cet: 60,
  cest: 120,
  eet: 120,
  eest: 180,
  jst: 540,
};

/** `29 Apr 2013 23:45:32 +0900`: RFC 5322 with its obsolete forms. */
const DAY_FIRST =
  /(\d{1,2})[\s-]+([a-z]{3})[a-z]*[\s.,-]+(\d{4}|\d{2})\s*,?\s+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*(.*)/i;

/** `May  2 16:07:05 2005`: ctime, as on the `From ` line of an mbox; a zone stands before or after the year. */
const MONTH_FIRST =
  /\b([a-z]{3})[a-z]*\s+(\d{1,2})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s+(?:([+-]\d{4}|[a-z]{2,5})\s+)?(\d{4})\b\s*(.*)/i;

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(.*)/i;

/**
 * A date as mails write it, in milliseconds since 1970; `undefined` where it cannot be read. Never the machine's own
 * zone: what comes without a zone is UTC, so that every machine makes the same event of the same mail.
 */
export function mailDate(text: string): number | undefined {
  const plain = text
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s*:\s*/g, ':')
    .trim();
  const iso = ISO.exec(plain);
  if (iso !== null) {
    const [, year, month, day, hour = '0', minute = '0', second = '0', zone = ''] = iso;
    return instant(Number(year), Number(month) - 1, day, hour, minute, second, zone);
  }
  const byDay = DAY_FIRST.exec(plain);
  if (byDay !== null) {
    const [, day, month = '', year = '', hour, minute, second = '0', zone = ''] = byDay;
    return instant(fullYear(year), MONTHS.indexOf(month.toLowerCase()), day, hour, minute, second, zone);
  }
  const byMonth = MONTH_FIRST.exec(plain);
  if (byMonth !== null) {
    const [, month = '', day, hour, minute, second = '0', before, year = '', after = ''] = byMonth;
    return instant(
      Number(year),
      MONTHS.indexOf(month.toLowerCase()),
      day,
      hour,
      minute,
      second,
      before ?? after,
    );
  }
  return undefined;
}

/** RFC 5322 4.3: two digits below 50 are of this century. */
function fullYear(year: string): number {
  const value = Number(year);
  if (year.length === 4) return value;
  return value < 50 ? 2000 + value : 1900 + value;
}

function instant(
  year: number,
  month: number,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  zone: string,
): number | undefined {
  const parts = [
    year,
    month,
    Number(day),
    Number(hour),
    Number(minute),
    Math.min(Number(second), 59),
  ] as const;
  const utc = Date.UTC(...parts);
  const read = new Date(utc);
  const holds =
    read.getUTCMonth() === month &&
    read.getUTCDate() === parts[2] &&
    parts[3] < 24 &&
    parts[4] < 60 &&
    Number(second) <= 60;
  return holds ? utc - offsetMinutes(zone) * 60_000 : undefined;
}

function offsetMinutes(zone: string): number {
  const numeric = /^(?:gmt|utc?)?\s*([+-])(\d{2}):?(\d{2})/i.exec(zone);
  if (numeric === null) return ZONES[/^[a-z]+/i.exec(zone)?.[0].toLowerCase() ?? ''] ?? 0;
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
  if (minutes > 14 * 60) return 0;
  return numeric[1] === '-' ? -minutes : minutes;
}
