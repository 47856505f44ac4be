const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** The last millisecond that RFC 3339 can write: 9999-12-31T23:59:59.999Z. The first is year 0. */
const LAST = 253_402_300_799_999;
const FIRST = -62_167_219_200_000;

/**
 * Milliseconds since 1970 of an event's `time` (RFC 3339), undefined where it is none. Any offset, lower-case `t` and `z`;
 * digits beyond the millisecond are cut; a leap second (23:59:60 UTC and nowhere else) counts as the second after.
 */
export function eventTime(text: string): number | undefined {
  if (text !== last.text) last = { text, at: read(text) };
  return last.at;
}

/** An event's time is read twice, once to check it and once to use it; the second time is this one. */
let last: { readonly text: string; readonly at: number | undefined } = { text: '', at: undefined };

function read(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    sign,
    offsetHour = '0',
    offsetMinute = '0',
  ] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59)
    return undefined;
  const date = new Date(0);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, '0')));
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  const at = date.getTime() - (sign === '-' ? -offset : offset);
  if (Number(second) > 59 && !(second === '60' && Math.floor(at / 1000) % 86_400 === 0)) return undefined;
  return at >= FIRST && at <= LAST ? at : undefined;
}
